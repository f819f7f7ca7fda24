/**
 * What beads cost in a store of 1,000, 10,000 and 100,000, three edges each.
 *
 *   node test/load/beads.ts [--sizes 1000,10000,100000] [--json]
 *
 * Processor time, with commits flushed as SQLite's NORMAL does (what a flush costs beyond is the disk's). Targets on the
 * development machine: create, claim and close at most 1 ms each (median); the first twenty ready ones 0.1 ms and their count
 * 2 ms at 100,000; a search 15 ms at 100,000; import at least 20,000 lines a second; `barnacle bead create` 60 ms in all, its
 * start counted, with a running hub and without one (then it opens the store itself).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Events, seededRandom, silentLog, systemClock } from "@barnacle/protocol/runtime";
import { Beads, checkBeads } from "../../hub/src/beads/index.ts";
import { Store } from "../../hub/src/store/index.ts";
import { House } from "../support/house.ts";
import { HUB_BIN } from "../support/process.ts";
import { type Figure, machine, median, report } from "./machine.ts";

const { values } = parseArgs({
  options: { sizes: { type: "string", default: "1000,10000,100000" }, json: { type: "boolean", default: false } },
});
/** Words as unevenly used as in real texts: the n-th comes with a share of 1/n. */
const VOCABULARY = 4000;
const OPERATIONS = 300;
const COMMANDS = 20;
const TICK_MS = 10;
const figures: Figure[] = [];

await commands();
// What code costs once, before it is compiled, is not counted.
const counted = figures.length;
await measure(2000);
figures.length = counted;
for (const size of values.sizes.split(",").map(Number)) await measure(size);
report(
  machine(),
  `${values.sizes} beads, three edges each`,
  `node test/load/beads.ts --sizes ${values.sizes}`,
  figures,
  values.json,
);

/** `barnacle bead create`: processor time of the whole process, mean of many. */
async function commands(): Promise<void> {
  const house = new House(mkdtempSync(path.join(tmpdir(), "barnacle-beads-")));
  const create = (i: number) => {
    const args = ["--disable-warning=ExperimentalWarning", HUB_BIN, "bead", "create", `bead ${i}`, "--silent"];
    const { status, stderr } = spawnSync(process.execPath, [...args, "--state-dir", house.hubState]);
    if (status !== 0) throw new TypeError(stderr.toString());
  };
  const mean = () => {
    // What its code needs once, like a cache of compiled code, is not counted.
    for (let i = 0; i < 3; i++) create(i);
    const before = childTicks();
    for (let i = 0; i < COMMANDS; i++) create(i);
    return Math.round(((childTicks() - before) * TICK_MS * 10) / COMMANDS) / 10;
  };
  try {
    figures.push({ name: "bead create by command, no hub", value: mean(), limit: 60, unit: "ms" });
    await house.startHub();
    figures.push({ name: "bead create by command, with a hub", value: mean(), limit: 60, unit: "ms" });
  } finally {
    await house.close();
    rmSync(house.dir, { recursive: true, force: true });
  }
}

/** Processor time of children that ended, in clock ticks. Source: proc(5), stat, fields 16 and 17. */
function childTicks(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]?.split(" ") ?? [];
  return Number(fields[13]) + Number(fields[14]);
}

async function measure(size: number): Promise<void> {
  const stateDir = mkdtempSync(path.join(tmpdir(), "barnacle-beads-"));
  const store = new Store({ stateDir, clock: systemClock, log: silentLog });
  await store.start();
  store.db.exec("PRAGMA synchronous = NORMAL");
  const random = seededRandom(size);
  const beads = new Beads({ store, clock: systemClock, random, log: silentLog, events: new Events() });
  await beads.start();
  const pick = (n: number) => Math.floor(random.unit() * n);
  const word = () => `w${Math.floor(VOCABULARY ** random.unit()).toString(36)}`;
  const words = (n: number) => Array.from({ length: n }, word).join(" ");
  const lines = Array.from({ length: size }, (_, i) => lineOf(i, pick, words));
  const before = process.cpuUsage();
  for (let at = 0; at < size; at += 5000) await beads.import("bench", lines.slice(at, at + 5000));
  const rate = Math.round(size / (cpuMs(before) / 1000));
  const add = (name: string, value: number, limit: number, unit = "ms") =>
    figures.push({ name: `${name}, ${size}`, value: Math.round(value * 1000) / 1000, limit, unit });
  // Stated as time, so that less is better as everywhere here.
  add(`import of 1,000 lines (${rate} lines/s)`, 1e6 / rate, 50);

  let n = 0;
  add(
    "create with three edges",
    await lap(async () => {
      const on = () => `ld-${pick(size).toString(36)}`;
      const dependencies = [...new Set([on(), on(), on()])].map((id) => ({ on: id }));
      const title = `new ${n++}`;
      const description = words(20);
      await beads.write("bench", (writer) => writer.create({ title, description, dependencies }));
    }),
    1,
  );
  const open = beads.reads.list({ status: "open", limit: 3 * OPERATIONS, sortBy: "updated" }).map(({ id }) => id);
  const take = open.filter((id) => id.startsWith("ld-"));
  let at = 0;
  add("claim", await lap(() => beads.write("bench", (writer) => writer.claims.claim(take[at++] ?? ""))), 1);
  at = 0;
  add(
    "close",
    await lap(() => beads.write("bench", (writer) => writer.closing.close(take[at++] ?? "", { force: true }))),
    1,
  );
  add("ready, first 20", await lap(async () => beads.reads.ready({ limit: 20 })), 0.1);
  add("ready, count", await lap(async () => beads.reads.readyCount(), 50), 2);
  add("search", await lap(async () => beads.reads.list({ text: `${words(2)}`, all: true, limit: 20 }), 50), 15);
  const { drift } = checkBeads(store);
  add("beads whose blockers are wrong", drift.length, 0, "");
  await beads.stop();
  await store.stop();
  rmSync(stateDir, { recursive: true, force: true });
}

/** Median processor time of one. Time is taken in groups of ten: the clock of processor time is coarse. */
async function lap(run: () => Promise<unknown>, times = OPERATIONS): Promise<number> {
  const laps: number[] = [];
  for (let i = 0; i < times / 10; i++) {
    const before = process.cpuUsage();
    for (let k = 0; k < 10; k++) await run();
    laps.push(cpuMs(before) / 10);
  }
  return median(laps);
}

function lineOf(i: number, pick: (n: number) => number, words: (n: number) => string): string {
  const id = `ld-${i.toString(36)}`;
  const targets = i === 0 ? [] : [...new Set([pick(i), pick(i), pick(i)])].map((k) => `ld-${k.toString(36)}`);
  const created = new Date(1_780_000_000_000 + i * 1000).toISOString();
  const closed = pick(10) < 3;
  return JSON.stringify({
    ...{ id, title: words(6), description: words(30), status: closed ? "closed" : "open", priority: pick(5) },
    ...{ issue_type: "task", created_at: created, updated_at: created, ...(closed ? { closed_at: created } : {}) },
    dependencies: targets.map((to) => ({
      ...{ issue_id: id, depends_on_id: to, type: pick(10) < 8 ? "blocks" : "related", created_at: created },
      created_by: "bench",
    })),
  });
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
