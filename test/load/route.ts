/**
 * What it costs to choose a node and to decide about a command.
 *
 *   node test/load/route.ts [--nodes 100] [--times 2000] [--json]
 *
 * Random fleets in every state a node can be in. Targets on the development machine: a choice among 100 nodes takes at
 * most 5 ms at the 99th percentile; at least 1,000 policy decisions a second.
 */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { HousePolicy } from "../../hub/src/policy/index.ts";
import { CapabilityRouter } from "../../hub/src/routing/index.ts";
import { anyNode, NOW } from "../../hub/src/routing/testing.ts";
import type { PolicyRequest } from "../../hub/src/services.ts";

const TARGET_MS = 5;
const TARGET_DECISIONS = 1_000;

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "100" },
    times: { type: "string", default: "2000" },
    json: { type: "boolean", default: false },
  },
});
const nodes = Number(values.nodes);
const times = Number(values.times);

const fleet =
  fc.sample(fc.tuple(...Array.from({ length: nodes }, (_, n) => anyNode(n))), { numRuns: 1, seed: 1 })[0] ?? [];
const router = new CapabilityRouter({ devices: { list: () => fleet, pending: () => [] }, clock: { now: () => NOW } });
const laps: number[] = [];
const routeCpu = process.cpuUsage();
for (let i = 0; i < times; i++) {
  const started = performance.now();
  router.route({ capability: "gpio.write", room: i % 2 ? "kitchen" : "hall" });
  laps.push(performance.now() - started);
}
const routeUs = cpuUs(routeCpu) / times;
laps.sort((a, b) => a - b);

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
  input: `${nodes} nodes, ${times} choices, ${decisions} decisions with 20 configured rules`,
  command: `node test/load/route.ts --nodes ${nodes} --times ${times}`,
  routeP50Ms: rounded(laps[Math.floor(times * 0.5)] ?? 0),
  routeP99Ms: rounded(laps[Math.floor(times * 0.99)] ?? 0),
  routeCpuUs: rounded(routeUs),
  decideCpuUs: rounded(decideUs),
  ok: (laps[Math.floor(times * 0.99)] ?? 0) <= TARGET_MS && 1e6 / decideUs >= TARGET_DECISIONS,
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(12)} ${value}\n`);
process.exitCode = result.ok ? 0 : 1;

function cpuUs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return user + system;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
