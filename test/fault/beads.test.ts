import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { seededRandom, silentLog, systemClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { type BeadEvent, checkBeads, EventLog, ReadOnlyFile, replay } from "../../hub/src/beads/index.ts";
import { rowsOf } from "../../hub/src/beads/testing.ts";
import { Store } from "../../hub/src/store/index.ts";
import { temporaryStore } from "../../hub/src/store/testing.ts";
import { House } from "../support/house.ts";
import { HUB_BIN, runOnce } from "../support/process.ts";

t.setTimeout(900_000);

/** The whole of it takes a quarter of an hour: BARNACLE_RACE=full node test/fault/beads.test.ts */
const FULL = process.env.BARNACLE_RACE === "full";
const RACERS = FULL ? [50, 100] : [50];
const ROUNDS = FULL ? 200 : 25;
const WORKERS = 8;
const OPERATIONS = FULL ? 1000 : 60;
const KILLS = FULL ? 10 : 3;

type Line = Record<string, unknown>;

class Client {
  readonly lines: Line[] = [];
  readonly child: ChildProcess;
  #wake = () => {};

  constructor(stateDir: string, name: string, ...more: string[]) {
    const file = path.join(import.meta.dirname, "beads-client.ts");
    const flags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];
    this.child = spawn(process.execPath, [...flags, file, stateDir, name, ...more], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
    });
    this.child.once("exit", () => this.#wake());
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#wake();
    });
  }

  /** @throws when the process ended before */
  async until(enough: () => boolean): Promise<void> {
    while (!enough()) {
      if (this.child.exitCode) throw new TypeError(`a client ended with ${this.child.exitCode}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  order(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.child.once("exit", resolve));
    this.child.stdin?.end();
    this.child.kill();
    await gone;
  }
}

async function houseOf(t: Test): Promise<House> {
  // Short, because a socket lies in it.
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-"));
  const house = new House(dir);
  t.teardown(async () => {
    await house.close();
    rmSync(dir, { recursive: true, force: true });
  });
  await house.startHub();
  return house;
}

for (const racers of RACERS) {
  t.test(`R3.2 ${racers} processes race for one bead, ${ROUNDS} rounds: one winner each`, async (t) => {
    const house = await houseOf(t);
    const clients = Array.from({ length: racers }, (_, i) => new Client(house.hubState, `racer-${i}`));
    t.teardown(() => Promise.all(clients.map((client) => client.end())));
    await Promise.all(clients.map((client) => client.until(() => client.lines.length === 1)));
    const title = "the one";
    const winners = new Map<string, number>();
    for (let round = 0; round < ROUNDS; round++) {
      const { result } = await house.call<{ result: { id: string } }>("beads.create", { title });
      for (const client of clients) client.order(result.id);
      await Promise.all(clients.map((client) => client.until(() => client.lines.length === round + 2)));
      const answers = clients.map((client) => client.lines[round + 1]);
      const won = answers.flatMap((answer, i) => (answer?.won ? [`racer-${i}`] : []));
      const { result: shown } = await house.call<{ result: { assignee: string }[] }>("beads.show", {
        ids: [result.id],
      });
      const refused = answers.filter((answer) => answer?.code === "BEAD_NOT_CLAIMABLE").length;
      if (won.length !== 1 || refused !== racers - 1 || shown[0]?.assignee !== won[0]) {
        t.same(
          { won, refused, assignee: shown[0]?.assignee },
          { won: [won[0]], refused: racers - 1, assignee: won[0] },
        );
      }
      for (const name of won) winners.set(name, (winners.get(name) ?? 0) + 1);
    }
    const total = [...winners.values()].reduce((sum, n) => sum + n, 0);
    t.equal(total, ROUNDS, `one winner in each of ${ROUNDS} rounds, ${winners.size} different ones`);
  });
}

t.test("commands without a hub wait for each other: one claims, the others are told", async (t) => {
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const cli = (...argv: string[]) => runOnce(HUB_BIN, [...argv, "--json", "--state-dir", dir]);
  const made = await Promise.all([
    cli("bead", "create", "one"),
    cli("bead", "create", "two"),
    cli("bead", "create", "three"),
  ]);
  t.same(
    made.map(({ code }) => code),
    [0, 0, 0],
  );
  const { id } = JSON.parse(made[0]?.stdout ?? "{}");
  const claims = await Promise.all(["a", "b", "c", "d"].map((name) => cli("bead", "claim", id, "--as", name)));
  t.same(claims.map(({ code }) => code).sort(), [0, 1, 1, 1]);
  for (const { code, stderr } of claims)
    if (code === 1) t.match(JSON.parse(stderr), { error: { code: "BEAD_NOT_CLAIMABLE" } });
});

t.test(
  `${WORKERS} processes, ${OPERATIONS} operations each, kill -9 in between: nothing acknowledged is lost`,
  async (t) => {
    const house = await houseOf(t);
    const random = seededRandom(9);
    const workers = Array.from(
      { length: WORKERS },
      (_, i) => new Client(house.hubState, `worker-${i}`, "mixed", String(OPERATIONS)),
    );
    t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
    const said = () => workers.reduce((sum, worker) => sum + worker.lines.length, 0);
    for (let kill = 1; kill <= KILLS; kill++) {
      const goal = Math.floor((kill * WORKERS * OPERATIONS) / (KILLS + 1));
      await house.eventually("progress", async () => (said() >= goal ? true : undefined));
      await pause(Math.floor(random.unit() * 20));
      await house.hub?.kill();
      await house.startHub();
    }
    await Promise.all(workers.map((worker) => worker.until(() => worker.lines.at(-1)?.done === true)));
    await house.hub?.stop();
    const file = new ReadOnlyFile(house.hubState);
    const events = new EventLog(file).list({ limit: 0 });
    t.same(checkBeads(file).drift, []);
    file.close();
    const acknowledged = workers.flatMap((worker, i) => worker.lines.map((line) => ({ ...line, who: `worker-${i}` })));
    const counted = acknowledged.filter(({ op }: Line) => op !== "refused" && op !== "ready");
    t.ok(counted.length > (WORKERS * OPERATIONS) / 4, `${counted.length} changes acknowledged over ${KILLS} kills`);
    t.same(missing(counted, events), []);
    t.same(doubleClaims(events), []);
    const store = new Store({ stateDir: house.hubState, clock: systemClock, log: silentLog });
    await store.start();
    t.teardown(() => store.stop());
    const model = await temporaryStore(t);
    replay(model, events);
    t.same(rowsOf(model), rowsOf(store), "the store is what its acknowledged events make of an empty one");
  },
);

/** Acknowledged changes that no event tells of. */
function missing(acknowledged: readonly Line[], events: readonly BeadEvent[]): Line[] {
  const texts = new Map<string, string>();
  for (const { id, who, kind, body } of events) {
    const key = `${id} ${who}`;
    texts.set(key, `${texts.get(key) ?? ""} ${kind} ${JSON.stringify(body)}`);
    texts.set(id, `${texts.get(id) ?? ""} ${kind === "dependency_added" ? JSON.stringify(body) : kind}`);
  }
  const words: Record<string, (line: Line) => string> = {
    create: () => "created",
    claim: () => "claimed",
    comment: ({ text }) => String(text),
    notes: ({ text }) => String(text),
  };
  return acknowledged.filter((line) => {
    const { op, id, who } = line as { op: string; id: string; who: string };
    // Who closes what is closed, or joins what somebody joined already, changes nothing.
    if (op === "close") return !texts.get(id)?.includes("closed");
    if (op === "dep") return !texts.get(id)?.includes(String(line.on));
    return words[op] !== undefined && !texts.get(`${id} ${who}`)?.includes(words[op](line));
  });
}

/** Claims of a bead that was somebody's at that moment, by the events alone. */
function doubleClaims(events: readonly BeadEvent[]): string[] {
  const owner = new Map<string, string>();
  const wrong: string[] = [];
  for (const { id, who, kind } of events) {
    if (kind === "claimed") {
      if (owner.has(id) && owner.get(id) !== who) wrong.push(`${id}: ${owner.get(id)} and ${who}`);
      owner.set(id, who);
    }
  }
  return wrong;
}
