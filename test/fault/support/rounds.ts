import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode, messageOf } from "@barnacle/protocol/errors";
import type { Random } from "@barnacle/protocol/runtime";
import type { DeviceRecord, TurnRecord } from "../../../hub/src/services.ts";
import { Cable, type Cut, FAR_SIDE } from "../../support/cable.ts";
import { House, LIGHT, linkUp } from "../../support/house.ts";

export const FAULTS = [
  "node killed",
  "hub killed",
  "both killed",
  "link gone",
  "link silent",
  "link gone, node killed",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Commands and questions under way at once in a round. */
const COMMANDS = 2;
/** A turn takes the node half a second, a command some 20 ms. */
const WITHIN_MS = 700;
/** Telling the hub of a turn and forgetting it takes some 10 ms. */
const SOON_MS = 40;
const SHORTEST_CUT_MS = 50;
const LONGEST_CUT_MS = 1500;
/** While the node cannot be asked the hub says the same of a command; only what the node says of it is final. */
const NODES_WORDS = /when the node went down/;
const SILENCE = "while :; do head -c 6400 /dev/zero; sleep 0.2; done";

/** What has been told to somebody, and so has to hold. */
interface Promised {
  /** Turns that the node said had happened, and questions that the hub took. */
  readonly turns: Set<string>;
  /** Commands by key, with what was answered. */
  readonly commands: Map<string, "done" | "unknown">;
}

export interface RoundReport {
  readonly round: number;
  readonly fault: Fault;
  /** When it struck. */
  readonly when: string;
  /** What was found wrong; empty when all is well. */
  readonly wrong: readonly string[];
}

/** One hub, one node and the cable between them, and a model of what they have promised so far. */
export class Rounds {
  readonly #house: House;
  readonly #random: Random;
  readonly #promised: Promised = { turns: new Set(), commands: new Map() };
  #cable: Cable | undefined;
  #nodeId = "";
  #keys = 0;

  constructor(dir: string, random: Random) {
    this.#random = random;
    this.#house = new House(dir, {
      microphone: { driver: "command", command: ["sh", "-c", SILENCE] },
      node: { speech: { noSpeechMs: 500 }, voice: { engine: "none" } },
    });
  }

  async open(): Promise<void> {
    const house = this.#house;
    await house.startHub();
    this.#cable = new Cable([Number(new URL(house.url).port), house.mqttPort]);
    await this.#cable.start();
    await linkUp(house.startNode(await house.setupCode(), house.lanUrl(FAR_SIDE)));
    this.#nodeId = await house.eventually("a node", async () => {
      const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
      return devices.find(({ roles, online }) => roles.includes("node") && online)?.deviceId;
    });
  }

  async close(): Promise<void> {
    await this.#cable?.stop();
    await this.#house.close();
  }

  /** Starts work, lets a fault happen in the middle of it, and looks at what became of every promise. */
  async round(round: number): Promise<RoundReport> {
    const house = this.#house;
    const fault = FAULTS[Math.floor(this.#random.unit() * FAULTS.length)] as Fault;
    const early = this.#random.unit() < 0.5;
    const afterMs = Math.round(this.#random.unit() * (early ? WITHIN_MS : SOON_MS));
    const writes = house.writes();
    const keys = Array.from({ length: COMMANDS }, () => this.#keys++);
    const node = house.node;
    const from = node?.lines.length ?? 0;

    const listening = this.#invoke(`listen-${round}`, "talk.ptt.once", {}).catch(() => undefined);
    const asked = this.#ask(round).catch(() => undefined);
    const invoked = keys.map((key) => this.#write(key).catch(() => undefined));
    // It may be busy with the turn of the round before.
    const heard = async (): Promise<void> => {
      const answer = (await listening) as { payload?: { listening?: boolean } } | undefined;
      if (answer?.payload?.listening) await node?.line("a turn", (line) => line.event === "turn", from);
    };
    if (fault === "link gone, node killed") {
      await listening;
      this.#cable?.cut("gone");
      await heard();
    } else if (!early) await heard();
    await pause(afterMs);
    await this.#strike(fault);
    for (const first of [listening, asked, ...invoked]) await first;
    for (const line of node?.lines.slice(from) ?? []) {
      if (line.event === "turn") this.#promised.turns.add(String(line.turnId));
    }

    const wrong: string[] = [];
    let done = 0;
    for (const key of keys) {
      const outcome = await this.#settle(key);
      if (outcome === "done") done += 1;
    }
    const question = await house.eventually("the question's turn", () => this.#ask(round));
    this.#promised.turns.add(question.turnId);
    const made = house.writes() - writes;
    if (made > COMMANDS) wrong.push(`${COMMANDS} commands made ${made} writes`);
    if (made < done) wrong.push(`${done} commands done made ${made} writes`);
    for (const key of keys) {
      const before = this.#promised.commands.get(`write-${key}`);
      const again = await this.#settle(key);
      if (again !== before) wrong.push(`command ${key} was ${before}, is ${again}`);
    }
    if (house.writes() - writes !== made) wrong.push("asking again wrote again");
    wrong.push(...(await this.#turns()));
    return { round, fault, when: `${afterMs} ms after ${early ? "the start" : "a turn"}`, wrong };
  }

  /** The last so many commands once more, the audit trail, and both databases. */
  async audit(commands = 100): Promise<string[]> {
    const house = this.#house;
    const wrong: string[] = [];
    for (const [key, before] of [...this.#promised.commands].slice(-commands)) {
      const again = await this.#settle(Number(key.slice("write-".length)));
      if (again !== before) wrong.push(`command ${key} was ${before}, is ${again}`);
    }
    if (!(await house.call<{ ok: boolean }>("barnacle.audit.verify")).ok) wrong.push("the audit trail is broken");
    await house.node?.stop();
    await house.hub?.stop();
    for (const file of [path.join(house.hubState, "barnacle.db"), path.join(house.nodeState, "node.db")]) {
      const db = new DatabaseSync(file);
      const { integrity_check: found } = db.prepare("PRAGMA integrity_check").get() as { integrity_check: string };
      db.close();
      if (found !== "ok") wrong.push(`${path.basename(file)}: ${found}`);
    }
    await house.startHub();
    await linkUp(house.startNode(undefined, house.lanUrl(FAR_SIDE)));
    return wrong;
  }

  async #strike(fault: Fault): Promise<void> {
    const house = this.#house;
    if (fault === "link gone" || fault === "link silent") {
      const how: Cut = fault === "link gone" ? "gone" : "silent";
      this.#cable?.cut(how);
      await pause(SHORTEST_CUT_MS + this.#random.unit() * LONGEST_CUT_MS);
      this.#cable?.mend();
      return;
    }
    const seen = house.node?.lines.length ?? 0;
    const node = fault !== "hub killed";
    const hub = fault === "hub killed" || fault === "both killed";
    if (hub) await house.hub?.kill();
    if (node) await house.node?.kill();
    this.#cable?.mend();
    if (hub) await house.startHub();
    await linkUp(
      node ? house.startNode(undefined, house.lanUrl(FAR_SIDE)) : (house.node as NonNullable<typeof house.node>),
      node ? 0 : seen,
    );
  }

  /** What became of a command, asked for until that is known. */
  async #settle(key: number): Promise<"done" | "unknown"> {
    const outcome = await this.#house.eventually(`the outcome of command ${key}`, async () => {
      try {
        await this.#write(key);
        return "done" as const;
      } catch (error) {
        if (hasCode(error) && error.code === "COMMAND_OUTCOME_UNKNOWN" && NODES_WORDS.test(messageOf(error))) {
          return "unknown";
        }
        throw error;
      }
    });
    const name = `write-${key}`;
    if (!this.#promised.commands.has(name)) this.#promised.commands.set(name, outcome);
    return outcome;
  }

  #write(key: number): Promise<unknown> {
    return this.#invoke(`write-${key}`, "gpio.pwm", { line: LIGHT, percent: 1 + (key % 99) });
  }

  #invoke(idempotencyKey: string, command: string, params: object): Promise<unknown> {
    const call = { nodeId: this.#nodeId, command, params, idempotencyKey, timeoutMs: 4000 };
    return this.#house.call("node.invoke", call);
  }

  async #ask(round: number): Promise<TurnRecord> {
    return this.#house.call("barnacle.ask", { text: "what time is it", idempotencyKey: `ask-${round}` });
  }

  /** Turns that are missing or there twice, once the node has nothing left to tell. */
  async #turns(): Promise<string[]> {
    const house = this.#house;
    return house.eventually("an empty outbox", async () => {
      if (house.outbox().length > 0) return undefined;
      const { turns } = await house.call<{ turns: TurnRecord[] }>("barnacle.turns.list", { limit: 1000 });
      const ids = turns.map(({ turnId }) => turnId);
      const twice = ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `turn ${id} is there twice`);
      // Only so many are listed; older ones were looked at in their round.
      const recent = [...this.#promised.turns].slice(-100);
      const lost = recent.filter((id) => !ids.includes(id)).map((id) => `turn ${id} is lost`);
      return [...twice, ...lost];
    });
  }
}

export function report({ round, fault, when, wrong }: RoundReport): string {
  return `round ${round}: ${fault} ${when}${wrong.length > 0 ? `: ${wrong.join("; ")}` : ""}`;
}
