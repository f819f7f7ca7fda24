/**
 * How much longer an edge takes to whoever listens at the hub, and a command to the line, than the bench's own kernel needs.
 *
 *   node test/load/gpio.ts [--json]
 *
 * In a guest of `test/hil`, on one processor with a clock of 100 ticks a second: hub and node as processes, state on the
 * guest's disk and once more in its memory. The command's figure is the whole round trip, after which the line is set.
 * Differences of medians; a busy machine makes them many times larger.
 */
import { parseArgs } from "node:util";
import { benchMissing } from "../hil/bench/artefacts.ts";
import { Guest } from "../hil/bench/guest.ts";
import { type Figure, report } from "./machine.ts";

const LIMIT_MS = 5;
const JOB = "/mnt/host/test/hil/jobs/gpio-figures.ts";

interface Times {
  readonly p50: number;
  readonly p99: number;
}
interface Figures {
  readonly rounds: number;
  readonly kernel: { readonly edge: Times; readonly write: Times };
  readonly disk: { readonly edge: Times; readonly invoke: Times };
  readonly memory: { readonly edge: Times; readonly invoke: Times };
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const missing = benchMissing();
if (missing) process.stdout.write(`skipped: ${missing}\n`);
else await measure();

async function measure(): Promise<void> {
  const guest = new Guest({ limitS: 500 });
  const result = await guest.run(`node --disable-warning=ExperimentalWarning ${JOB} > /mnt/job/figures.json`);
  const text = guest.read("figures.json");
  guest.close();
  if (text === "") {
    process.stdout.write(`${result.output}\n${result.console.slice(-2000)}\n`);
    process.exitCode = 1;
    return;
  }
  const { rounds, kernel, disk, memory } = JSON.parse(text) as Figures;
  const over = (name: string, ours: Times, bare: Times): Figure => {
    const value = Math.round((ours.p50 - bare.p50) * 100) / 100;
    return { name: `${name} (${ours.p50} - ${bare.p50}; p99 ${ours.p99})`, value, limit: LIMIT_MS, unit: "ms" };
  };
  report(
    "GPIO: beyond what the kernel needs",
    `${rounds} rounds each in a guest of the bench`,
    "node test/load/gpio.ts",
    [
      over("edge to hub, state on disk", disk.edge, kernel.edge),
      over("edge to hub, state in memory", memory.edge, kernel.edge),
      over("invoke and answer, state on disk", disk.invoke, kernel.write),
      over("invoke and answer, state in memory", memory.invoke, kernel.write),
    ],
    values.json,
  );
}
