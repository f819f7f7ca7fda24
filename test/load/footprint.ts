/**
 * What the two daemons cost when nothing happens, and how fast the hub is there.
 *
 *   node test/load/footprint.ts [--starts 7] [--idle 20] [--json]
 *
 * Hub: from spawn to its ready line (first start without compile cache left out), resident memory after `idle` seconds with
 * one node connected. Node: three wake phrases on openWakeWord, Silero, MQTT link up, a quiet room at real pace. Both are
 * measured at their very first start, on which the node pairs and neither has anything in its compile cache, and at the
 * second. A node with its wake engine off is measured besides. The recogniser is a process of its own and listed beside it. CPU is processor time of the whole process over
 * that time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { House, linkUp } from "../support/house.ts";
import type { Running } from "../support/process.ts";
import { type Figure, median, megabytes, report } from "./machine.ts";
import { childrenOf, cpuSeconds, rssOf } from "./of-process.ts";

const { values } = parseArgs({
  options: {
    starts: { type: "string", default: "7" },
    idle: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
  },
});
const starts = Number(values.starts);
const idleS = Number(values.idle);
/** Daemons give back what their start needed 10 s after it. */
const SETTLED_S = 15;
const dir = mkdtempSync(path.join(tmpdir(), "barnacle-load-"));
const figures: Figure[] = [];

try {
  const times: number[] = [];
  for (let i = 0; i <= starts; i++) {
    const house = new House(path.join(dir, `start-${i}`));
    const began = performance.now();
    await house.startHub();
    if (i > 0) times.push(performance.now() - began);
    await house.close();
  }
  figures.push({
    name: `hub: spawn to ready, median of ${starts}`,
    value: Math.round(median(times)),
    limit: 1000,
    unit: "ms",
  });

  const quiet = path.join(import.meta.dirname, "../fixtures/audio/neg-quiet.wav");
  const house = new House(path.join(dir, "idle"), {
    microphone: { driver: "wav", file: quiet },
    hub: { wakeWords: ["hey jarvis", "alexa", "hey mycroft"] },
    env: { BARNACLE_COMPILE_CACHE: path.join(dir, "cache") },
    node: { wake: { phrases: ["hey jarvis", "alexa", "hey mycroft"] }, telemetry: { intervalS: 10 } },
  });
  await house.open();
  await sleep(SETTLED_S);
  const { hub, node: first } = house as { hub: Running; node: Running };
  figures.push(
    { name: "hub: resident memory, first start", value: megabytes(hub.rss()), limit: 105, unit: "MB" },
    { name: "node: resident memory, first start, just paired", value: megabytes(first.rss()), limit: 120, unit: "MB" },
  );
  await house.close();
  await house.startHub();
  const node = house.startNode();
  await linkUp(node);
  await sleep(SETTLED_S);
  const pids = [house.hub?.pid ?? 0, node.pid];
  const before = pids.map(cpuSeconds);
  await sleep(idleS);
  const after = pids.map(cpuSeconds);
  const share = (i: number): number => Math.round((((after[i] ?? 0) - (before[i] ?? 0)) / idleS) * 1e4) / 1e4;
  const helpers = childrenOf(node.pid).map(rssOf);
  figures.push(
    { name: "hub: resident memory, idle", value: megabytes(house.hub?.rss() ?? Number.NaN), limit: 105, unit: "MB" },
    { name: "hub: share of a core, idle", value: share(0), limit: 0.01, unit: "" },
    {
      name: "node: resident memory, listening for three phrases",
      value: megabytes(node.rss()),
      limit: 120,
      unit: "MB",
    },
    { name: "node: share of a core, listening in a quiet room", value: share(1), limit: 0.05, unit: "" },
    { name: "node: recogniser process", value: megabytes(helpers.reduce((a, b) => a + b, 0)), limit: 120, unit: "MB" },
  );
  await house.close();

  const bare = new House(path.join(dir, "bare"), {
    env: { BARNACLE_COMPILE_CACHE: path.join(dir, "cache") },
    node: { wake: { engine: "none" }, speech: { engine: "none" }, telemetry: { intervalS: 10 } },
  });
  const paired = await bare.open();
  await sleep(SETTLED_S);
  await paired.stop();
  const deaf = bare.startNode();
  await linkUp(deaf);
  await sleep(SETTLED_S);
  const began = cpuSeconds(deaf.pid);
  await sleep(idleS);
  figures.push(
    { name: "node: resident memory, wake engine off", value: megabytes(deaf.rss()), limit: 70, unit: "MB" },
    {
      name: "node: share of a core, wake engine off",
      value: Math.round(((cpuSeconds(deaf.pid) - began) / idleS) * 1e4) / 1e4,
      limit: 0.01,
      unit: "",
    },
  );
  await bare.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}
report(
  "Footprint",
  `hub and one node, ${idleS} s idle`,
  `node test/load/footprint.ts --starts ${starts} --idle ${idleS}`,
  figures,
  values.json,
);

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
