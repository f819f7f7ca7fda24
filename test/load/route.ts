/**
 * What it costs to choose a node and to decide about a command.
 *
 *   node test/load/route.ts [--nodes 100,1000] [--times 2000] [--json]
 *
 * Random fleets in every state a node can be in, and fleets where every node is fit, which is the most work. Requests
 * name a room, a constraint, a requirement and a preference. Targets on the development machine: a choice among 100 nodes
 * takes at most 5 ms at the 99th percentile, among 1,000 at most 1 ms; at least 1,000 policy decisions a second. Choices
 * during which another program took the processor away are not counted; how many those were stands beside it.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { HousePolicy } from "../../hub/src/policy/index.ts";
import { CapabilityRouter } from "../../hub/src/routing/index.ts";
import { anyNode, NOW, nodeRecord } from "../../hub/src/routing/testing.ts";
import type { DeviceRecord, PolicyRequest, RouteRequest } from "../../hub/src/services.ts";

const TARGET_DECISIONS = 1_000;
const WARM_UP = 300;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "100,1000" },
    times: { type: "string", default: "2000" },
    json: { type: "boolean", default: false },
  },
});
const sizes = values.nodes.split(",").map(Number);
const times = Number(values.times);

const microphone = { capability: "audio.capture", where: { sampleRateHz: { min: 16_000 } } };
const requests: RouteRequest[] = [
  { capability: "gpio.write", room: "kitchen", prefers: [microphone] },
  { capability: "gpio.write", room: "hall", urgency: "high" },
  { ...microphone, room: "kitchen", requires: [{ capability: "gpio.write" }] },
];

function mixed(size: number): readonly DeviceRecord[] {
  return fc.sample(fc.tuple(...Array.from({ length: size }, (_, n) => anyNode(n))), { numRuns: 1, seed: 1 })[0] ?? [];
}

function allFit(size: number): readonly DeviceRecord[] {
  return Array.from({ length: size }, (_, n) => {
    const base = nodeRecord(n, { room: n % 3 ? "kitchen" : "hall", telemetry: { cpu: { usedPercent: n % 90 } } });
    const capture = { name: "audio.capture", available: true, attributes: { sampleRateHz: 16_000 } };
    return base.manifest
      ? { ...base, manifest: { ...base.manifest, capabilities: [...base.manifest.capabilities, capture] } }
      : base;
  });
}

/** Milliseconds of single choices, and how many were interrupted. A choice is made once its reason has been read. */
function laps(fleet: readonly DeviceRecord[]): { ms: number[]; interrupted: number } {
  const router = new CapabilityRouter({ devices: { list: () => fleet, pending: () => [] }, clock: { now: () => NOW } });
  const ms: number[] = [];
  let interrupted = 0;
  for (let i = -WARM_UP; ms.length < times; i++) {
    const request = requests[(i + WARM_UP) % requests.length] as RouteRequest;
    const before = process.resourceUsage().involuntaryContextSwitches;
    const started = performance.now();
    void router.route(request).chosen?.why;
    const ended = performance.now() - started;
    if (i < 0) continue;
    if (process.resourceUsage().involuntaryContextSwitches === before) ms.push(ended);
    else interrupted += 1;
  }
  return { ms: ms.sort((a, b) => a - b), interrupted };
}

const rows = sizes.flatMap((nodes) =>
  [
    { fleet: "mixed", devices: mixed(nodes) },
    { fleet: "all fit", devices: allFit(nodes) },
  ].map(({ fleet, devices }) => {
    const { ms, interrupted } = laps(devices);
    const at = (share: number) => rounded(ms[Math.floor(times * share)] ?? 0);
    const p99Ms = at(0.99);
    const limitMs = nodes > 100 ? 1 : 5;
    return { nodes, fleet, p50Ms: at(0.5), p99Ms, limitMs, interrupted, ok: p99Ms <= limitMs };
  }),
);

const policy = new HousePolicy({
  rules: Array.from({ length: 20 }, (_, n) => ({
    id: `rule-${n}`,
    effect: n % 2 ? ("allow" as const) : ("deny" as const),
    principals: [`operator:somebody-${n}`],
    names: ["gpio.*", "audio.*"],
    rooms: ["attic"],
  })),
});
const request: PolicyRequest = {
  principal: { kind: "voice", id: "node" },
  action: "command",
  name: "gpio.write",
  deviceId: "node",
  room: "kitchen",
};
const decideCpu = process.cpuUsage();
const decisions = times * 50;
for (let i = 0; i < decisions; i++) policy.decide(request);
const decideUs = cpuUs(decideCpu) / decisions;

const result = {
  machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`,
  input: `${times} choices each, ${decisions} decisions with 20 configured rules`,
  command: `node test/load/route.ts --nodes ${values.nodes} --times ${times}`,
  routes: rows,
  decideCpuUs: rounded(decideUs),
  ok: rows.every(({ ok }) => ok) && 1e6 / decideUs >= TARGET_DECISIONS,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else {
  const { routes, ...rest } = result;
  for (const [name, value] of Object.entries(rest)) process.stdout.write(`${name.padEnd(12)} ${value}\n`);
  for (const { nodes, fleet, p50Ms, p99Ms, limitMs, interrupted } of routes) {
    process.stdout.write(
      `${nodes} nodes, ${fleet}: p50 ${p50Ms} ms, p99 ${p99Ms} ms of at most ${limitMs}; ${interrupted} interrupted\n`,
    );
  }
}
process.exitCode = result.ok ? 0 : 1;

function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
