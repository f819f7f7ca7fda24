/**
 * The gateway beside the real ones, in one run on one machine.
 *
 *   node test/load/gateway.ts [--peers january,today] [--times 1] [--json]
 *
 * Each gateway is started as its owner would, on loopback with a token, and put through the same scenes by the same client.
 * CPU is processor time of the gateway's processes per operation; the client's own is not in it. The first start of a real
 * gateway compiles, so it is started twice and the second start counts. Real programs come from the cache of test/compat.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { install } from "../compat/support/install.ts";
import { NODE_22, OPENCLAW, OPENCLAW_JANUARY, type Program } from "../compat/support/programs.ts";
import { fanOut, handshakes, invokes, requests, type Scene } from "./gateway-scenes.ts";
import { helloAfter, residentBytes, type Subject, startOurs, startReal } from "./gateway-subject.ts";
import { machine, megabytes } from "./machine.ts";

const { values } = parseArgs({
  options: {
    peers: { type: "string", default: "january,today" },
    times: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const factor = Number(values.times);
const SETTLE_MS = 12_000;

interface Result {
  readonly name: string;
  readonly startMs: number;
  readonly idleMb: number;
  readonly scenes: readonly Scene[];
}

/** Largest share of the peer's figure that ours may be: `start`, `idle`, or a scene's CPU by the start of its name. */
const SHARES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  january: {
    ...{ start: 1 / 8, idle: 1 / 3, "device handshake": 1 / 4, "node.list": 1 / 5, health: 1 / 5 },
    ...{ "node.invoke": 1 / 2, event: 1 / 2 },
  },
  today: { start: 1 / 12, idle: 1 / 8, "node.invoke": 1 / 40, health: 1 / 10 },
};

async function run(start: (dir: string) => Promise<Subject>, warm: boolean, ops: number): Promise<Result> {
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-load-"));
  try {
    if (warm) await (await start(path.join(dir, "warm"))).stop();
    const began = performance.now();
    const subject = await start(path.join(dir, "run"));
    const startMs = await helloAfter(began, () => subject);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const idleMb = megabytes(residentBytes(subject.pid));
    const scenes = [
      await handshakes(subject, Math.round(ops / 20)),
      ...(await inTurn([1, 10, 100], (n) => requests(subject, "health", n, ops))),
      ...(await inTurn([1, 10, 100], (n) => requests(subject, "node.list", n, ops))),
      await invokes(subject, Math.round(ops / 2)),
      await fanOut(subject, 100, Math.round(ops / 20)),
    ];
    await subject.stop();
    return { name: subject.name, startMs: Math.round(startMs), idleMb, scenes };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function inTurn<T, R>(list: readonly T[], job: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of list) results.push(await job(item));
  return results;
}

const PEERS: Readonly<Record<string, Program>> = { january: OPENCLAW_JANUARY, today: OPENCLAW };
const peers = values.peers.split(",").filter((name) => name in PEERS);
for (const name of peers) {
  const program = PEERS[name] as Program;
  for (const item of program.node ? [NODE_22, program] : [program]) await install(item);
}
const ours = await run(startOurs, true, 2000 * factor);
const rows = await inTurn(peers, async (era) => {
  const program = PEERS[era] as Program;
  return { era, peer: await run((dir) => startReal(dir, program), true, 400 * factor) };
});

const lines: { era: string; what: string; ours: number; peer: number; limit: number | undefined; ok: boolean }[] = [];
for (const { era, peer } of rows) {
  const share = (what: string): number | undefined =>
    Object.entries(SHARES[era] ?? {}).find(([name]) => what.startsWith(name))?.[1];
  const line = (what: string, mine: number, theirs: number): void => {
    const limit = share(what);
    lines.push({ era, what, ours: mine, peer: theirs, limit, ok: limit === undefined || mine <= theirs * limit });
  };
  line("start to hello, ms", ours.startMs, peer.startMs);
  line("idle memory, MB", ours.idleMb, peer.idleMb);
  for (const [i, scene] of ours.scenes.entries()) {
    const other = peer.scenes[i];
    if (!other) continue;
    line(`${scene.name}: CPU ms`, round(scene.cpuMs), round(other.cpuMs));
    line(`  p50 of ${scene.name}, ms`, round(scene.p50Ms), round(other.p50Ms));
    line(`  p99 of ${scene.name}, ms`, round(scene.p99Ms), round(other.p99Ms));
  }
}
const command = `node test/load/gateway.ts --peers ${values.peers} --times ${values.times}`;
if (values.json) process.stdout.write(`${JSON.stringify({ machine: machine(), command, ours, rows, lines })}\n`);
else {
  process.stdout.write(`The gateway beside the real ones\nmachine  ${machine()}\ncommand  ${command}\n`);
  for (const { era, what, ours, peer, limit, ok } of lines) {
    const share = peer === 0 ? "" : `1/${Math.round((peer / ours) * 10) / 10}`;
    const aim = limit === undefined ? "" : `(limit 1/${Math.round(1 / limit)})`;
    process.stdout.write(
      `  ${ok ? "ok  " : "OVER"} ${era.padEnd(8)} ${what.padEnd(44)} ${String(ours).padStart(9)} ${String(peer).padStart(9)}  ${share} ${aim}\n`,
    );
  }
}
process.exitCode = lines.every((one) => one.ok) ? 0 : 1;

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
