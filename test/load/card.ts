/**
 * What a node writes to its memory card in an hour when nothing happens, connected and while its hub is away.
 *
 *   node test/load/card.ts [--hours 0.5] [--pace 20] [--json]
 *
 * Real processes over real sockets. The node's clock (timers, monotonic and wall time) runs `pace` times as fast, so that an
 * hour with its telemetry, keepalives, retries and housekeeping passes in three minutes; the hub's does not. Counted are the bytes
 * that the kernel charges to the process for its disk (`write_bytes` of /proc/<pid>/io) and, beside them, what it wrote to its
 * log. The first seconds, in which a start fills the compile cache, are left out.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { House, linkUp } from "../support/house.ts";
import { ROOT, type Running } from "../support/process.ts";
import { type Figure, report } from "./machine.ts";

const { values } = parseArgs({
  options: {
    hours: { type: "string", default: "0.5" },
    pace: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const hours = Number(values.hours);
const pace = Number(values.pace);
const SETTLED_MS = 5000;
const HOUR_MS = 3600 * 1000;

const FAST = `
  const pace = ${pace};
  const { setTimeout: after, setInterval: every } = globalThis;
  globalThis.setTimeout = Object.assign((fn, ms = 0, ...rest) => after(fn, ms / pace, ...rest), after);
  globalThis.setInterval = (fn, ms = 0, ...rest) => every(fn, Math.max(1, ms / pace), ...rest);
  const mono = performance.now.bind(performance);
  const wall = Date.now;
  const [m0, w0] = [mono(), wall()];
  performance.now = () => m0 + (mono() - m0) * pace;
  Date.now = () => Math.floor(w0 + (wall() - w0) * pace);
`;

// Not /tmp, which may lie in memory: that is not charged to anybody.
const dir = mkdtempSync(path.join(ROOT, ".tap", "card-"));
const figures: Figure[] = [];
try {
  const fast = path.join(dir, "fast.mjs");
  writeFileSync(fast, FAST);
  const house = new House(dir, {
    env: { BARNACLE_COMPILE_CACHE: path.join(dir, "cache") },
    nodeEnv: { NODE_OPTIONS: `--import=${fast}` },
    node: { wake: { engine: "none" }, speech: { engine: "none" }, telemetry: { intervalS: 10 } },
  });
  const node = await house.open();
  await pause(SETTLED_MS);
  figures.push(...(await hour(node, "connected")));
  await house.hub?.kill();
  await node.line("the loss of the hub", (line) => line.part === "link" && line.state === "waiting");
  figures.push(...(await hour(node, "hub away")));
  const from = node.lines.length;
  await house.startHub();
  await linkUp(node, from);
  await house.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
report(
  "Memory card",
  `one node, nothing happens, ${hours} h at ${pace} times the pace`,
  `node test/load/card.ts --hours ${hours} --pace ${pace}`,
  figures,
  values.json,
);

async function hour(node: Running, how: string): Promise<Figure[]> {
  const before = { disk: writtenToDisk(node), log: node.stderr.length };
  await pause((hours * HOUR_MS) / pace);
  const perHour = (bytes: number): number => Math.round(bytes / hours / 1000);
  return [
    {
      name: `node: to the card in an hour, ${how}`,
      value: perHour(writtenToDisk(node) - before.disk),
      limit: 1000,
      unit: "kB",
    },
    {
      name: `node: to its log in an hour, ${how}`,
      value: perHour(node.stderr.length - before.log),
      limit: 100,
      unit: "kB",
    },
  ];
}

function writtenToDisk(node: Running): number {
  return Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${node.pid}/io`, "utf8"))?.[1]);
}
