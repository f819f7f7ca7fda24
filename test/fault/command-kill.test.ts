import { watch } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hasCode } from "@barnacle/protocol/errors";
import { seededRandom } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import type { DeviceRecord, TurnRecord } from "../../hub/src/services.ts";
import { House, LIGHT, linkUp } from "../support/house.ts";

t.setTimeout(300_000);

const ROUNDS = 15;
/** Connecting and the command itself take some 10 to 30 ms. */
const WITHIN_MS = 40;

/** A node that only has pins: it is up in half a second. */
async function pinHouse(t: T): Promise<{ house: House; nodeId: string }> {
  const house = new House(t.testdir(), { node: { wake: { engine: "none" }, speech: { engine: "none" } } });
  t.teardown(() => house.close());
  await house.open();
  const nodeId = await house.eventually("a node", async () => {
    const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
    return devices.find((device) => device.roles.includes("node") && device.online)?.deviceId;
  });
  return { house, nodeId };
}

/** What the node itself says of a command that it was killed in; as long as the hub cannot ask it, nothing is settled. */
function unknownToTheNode(error: unknown): "unknown" {
  if (hasCode(error) && error.code === "COMMAND_OUTCOME_UNKNOWN" && error.details?.nodeError) return "unknown";
  throw error;
}

async function killed(house: House, victim: "node" | "hub"): Promise<void> {
  const node = house.node;
  const seen = node?.lines.length ?? 0;
  if (victim === "node") {
    await node?.kill();
    await linkUp(house.startNode());
  } else {
    await house.hub?.kill();
    await house.startHub();
    if (node) await linkUp(node, seen);
  }
}

/** Resolves the moment the effect is there, when its result is hardly on disk. */
function pinSet({ pins }: House): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(path.dirname(pins), (_, name) => {
      if (name !== path.basename(pins)) return;
      watcher.close();
      resolve();
    });
  });
}

/** A pin can be looked at after a crash; that it was pulsed cannot be seen. Both may be repeated without harm, and are not. */
const COMMANDS = [
  ["gpio.write", (on: boolean) => ({ line: LIGHT, value: on ? 1 : 0 })],
  ["gpio.pwm", (on: boolean) => ({ line: LIGHT, percent: on ? 50 : 0 })],
] as const;

t.test("a command that is asked for again under its key after a kill is executed once", async (t) => {
  const { house, nodeId } = await pinHouse(t);
  const random = seededRandom(11);
  const tally = { done: 0, unknown: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const [command, paramsFor] = COMMANDS[Math.floor(round / 3) % 2] ?? COMMANDS[0];
    const victim = round % 3 === 1 ? "hub" : "node";
    const delayMs = round % 3 === 2 ? undefined : Math.round(random.unit() * WITHIN_MS);
    const on = (round + 1) % 2 === 1;
    const params = paramsFor(on);
    const before = house.writes();
    const call = { nodeId, command, params, idempotencyKey: `key-${round}` };
    const invoke = (): Promise<{ payload: unknown }> => house.call("node.invoke", { ...call, timeoutMs: 4000 });
    // Its connection may be cut by the kill; then nobody knows, and it is asked for again.
    const set = delayMs === undefined ? pinSet(house) : pause(delayMs);
    const first = invoke().catch(() => undefined);
    await set;
    await killed(house, victim);
    const known = await first;
    const answer = await house.eventually("an answer", () => invoke().catch(unknownToTheNode));
    const writes = house.writes() - before;
    const when = delayMs === undefined ? "as its pin was set" : `${delayMs} ms after the call`;
    const how = `${command}, ${victim} killed ${when} (${known ? "" : "not "}answered): ${writes} writes`;
    if (answer === "unknown") {
      tally.unknown += 1;
      t.ok(writes <= 1, `${how}, outcome unknown`);
    } else {
      tally.done += 1;
      t.match(answer.payload, params, how);
      t.equal(writes, 1);
      t.equal(house.light(), on ? 1 : 0);
    }
    const again = await house.eventually("the answer again", () => invoke().catch(unknownToTheNode));
    t.same(again === "unknown" ? again : again.payload, answer === "unknown" ? answer : answer.payload, "it stays so");
    t.equal(house.writes() - before, writes);
  }
  t.comment(`commands: ${JSON.stringify(tally)}`);
  t.ok(tally.done > 0, "some came to their end all the same");
  t.match(await house.call("barnacle.audit.verify"), { ok: true });
});

t.test("a text turn cut short by a kill is on record, and never acts twice", async (t) => {
  const { house } = await pinHouse(t);
  const random = seededRandom(12);
  for (let round = 0; round < ROUNDS; round++) {
    const victim = round % 2 === 0 ? "hub" : "node";
    const delayMs = Math.round(random.unit() * WITHIN_MS);
    const before = house.writes();
    const text = `turn ${house.light() === 1 ? "off" : "on"} the kitchen light`;
    const ask = (): Promise<TurnRecord> => house.call("barnacle.ask", { text, idempotencyKey: `ask-${round}` });
    const first = ask().catch(() => undefined);
    await pause(delayMs);
    await killed(house, victim);
    const known = await first;
    const turn = await house.eventually("the turn", async () => {
      const now = await ask();
      return now.status === "received" || now.status === "answering" ? undefined : now;
    });
    const writes = house.writes() - before;
    const how = `${victim} killed ${delayMs} ms after the question: ${turn.status}, ${turn.ok ? "ok" : turn.error?.code}, ${writes} writes`;
    t.ok(turn.ok ? writes === 1 : writes <= 1, how);
    if (known)
      t.match(turn, { turnId: known.turnId, status: known.status, ok: known.ok }, "what was answered stays so");
    if (turn.status === "failed") t.type(turn.reason, "string");
  }
  const { turns } = await house.call<{ turns: TurnRecord[] }>("barnacle.turns.list", { limit: 1000 });
  t.equal(turns.length, ROUNDS, "one turn for each question");
  t.match(await house.call("barnacle.audit.verify"), { ok: true });
});
