import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { silentLog, systemClock } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t, { type Test } from "tap";
import { BeadReads, type BeadView, checkBeads, EventLog, ReadOnlyFile, replay } from "../../hub/src/beads/index.ts";
import { rowsOf } from "../../hub/src/beads/testing.ts";
import { Store } from "../../hub/src/store/index.ts";
import { temporaryStore } from "../../hub/src/store/testing.ts";
import { House } from "../support/house.ts";
import { HUB_BIN, runOnce } from "../support/process.ts";
import { Model, OPERATIONS as OPERATION_NAMES, type Shape, type Step } from "./beads-model.ts";

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

const PLAN = fc.record({
  plans: fc.array(
    fc.array(fc.record({ op: fc.constantFrom(...OPERATION_NAMES), at: fc.nat(), to: fc.nat() }), {
      ...{ minLength: OPERATIONS, maxLength: OPERATIONS, size: "max" },
    }),
    { minLength: WORKERS, maxLength: WORKERS, size: "max" },
  ),
  pauses: fc.array(fc.nat(30), { minLength: KILLS, maxLength: KILLS }),
});

t.test(
  `${WORKERS} processes, ${OPERATIONS} operations each, kill -9 in between: the store is the model of what was acknowledged`,
  async (t) => {
    const seed = Number(process.env.BARNACLE_SEED ?? Date.now() % 1_000_000_000);
    t.comment(`plans by BARNACLE_SEED=${seed}`);
    // Thousands of operations by processes: a run that fails is made again by its seed, not made smaller.
    const [{ plans, pauses } = { plans: [], pauses: [] }] = fc.sample(PLAN, { numRuns: 1, seed });
    t.same((await modelled(t, plans, pauses)).slice(0, 20), [], `seed ${seed}`);
  },
);

async function modelled(t: Test, plans: readonly (readonly object[])[], pauses: readonly number[]): Promise<string[]> {
  const house = await houseOf(t);
  const workers = plans.map((_, i) => new Client(house.hubState, `worker-${i}`, "mixed"));
  t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
  for (const [i, worker] of workers.entries()) {
    for (const [n, step] of (plans[i] ?? []).entries()) worker.order(JSON.stringify({ n, ...step }));
    worker.child.stdin?.end();
  }
  const said = () => workers.reduce((sum, worker) => sum + worker.lines.length, 0);
  for (const [i, wait] of pauses.entries()) {
    const goal = Math.floor(((i + 1) * WORKERS * OPERATIONS) / (pauses.length + 1));
    while (said() < goal) {
      if (workers.some((worker) => worker.child.exitCode)) throw new TypeError("a client ended");
      await pause(20);
    }
    await pause(wait);
    await house.hub?.kill();
    await house.startHub();
  }
  await Promise.all(workers.map((worker) => worker.until(() => worker.lines.at(-1)?.done === true)));
  await house.hub?.stop();
  const steps = workers.flatMap(({ lines }) => lines.filter((line) => "op" in line) as unknown as Step[]);
  const file = new ReadOnlyFile(house.hubState);
  const events = new EventLog(file).list({ limit: 0 });
  const model = new Model();
  model.run(steps, events);
  const reads = new BeadReads(file, () => Date.now());
  const stored = reads.list({ all: true, limit: 0 });
  t.same(
    Object.fromEntries(stored.map((bead) => [bead.id, shapeOf(bead)])),
    Object.fromEntries(model.beads),
    "every bead is as the model has it",
  );
  t.same(
    reads
      .ready({ limit: 0 })
      .map(({ id }) => id)
      .sort(),
    model.ready().sort(),
    "and so is what is ready",
  );
  t.same(checkBeads(file).drift, []);
  file.close();
  const store = new Store({ stateDir: house.hubState, clock: systemClock, log: silentLog });
  await store.start();
  t.teardown(() => store.stop());
  const replayed = await temporaryStore(t);
  replay(replayed, events);
  t.same(rowsOf(replayed), rowsOf(store), "the events alone make the same rows");
  const answers = (answer: string) => steps.filter((step) => step.answer === answer).length;
  const counts = `${answers("done")} done, ${answers("refused")} refused, ${answers("cut")} cut off`;
  t.equal(steps.length, WORKERS * OPERATIONS, `${counts} over ${pauses.length} kills`);
  t.ok(answers("done") > steps.length / 3 && answers("refused") > 0);
  return model.problems;
}

function shapeOf(bead: BeadView): Shape {
  return {
    ...{ status: bead.status, assignee: bead.assignee, reason: bead.close_reason, notes: bead.notes ?? "" },
    ...{ attempts: bead.attempts ?? 0, labels: [...(bead.labels ?? [])] },
    on: (bead.dependencies ?? []).map((edge) => edge.depends_on_id),
    comments: (bead.comments ?? []).map(({ text }) => text),
  };
}
