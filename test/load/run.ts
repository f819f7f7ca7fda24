/**
 * Runs every benchmark of this folder, one after another, and says which kept its limits.
 *
 *   npm run bench
 */
import { spawnSync } from "node:child_process";
import path from "node:path";

const BENCHES: readonly (readonly string[])[] = [
  ["wake.ts", "--quiet", "--seconds", "60"],
  ["wake.ts", "--seconds", "60"],
  ["footprint.ts"],
  ["turn.ts"],
  ["route.ts"],
  ["gpio.ts"],
  ["card.ts"],
  ["store.ts"],
  ["beads.ts"],
  ["dashboard.ts"],
  ["gateway.ts"],
  ["crowd.ts"],
  ["fleet.ts"],
  ["speech-eval.ts", "--grammar", "home", "--sample", "150", "--live"],
  ["speech-eval.ts", "--grammar", "house", "--sample", "150", "--live"],
  ["wake-eval.ts"],
];

const over: string[] = [];
for (const [name, ...args] of BENCHES) {
  process.stdout.write(`\n--- ${[name, ...args].join(" ")}\n`);
  const file = path.join(import.meta.dirname, name as string);
  const { status } = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", file, ...args], {
    stdio: "inherit",
  });
  if (status !== 0) over.push([name, ...args].join(" "));
}
process.stdout.write(over.length === 0 ? "\nevery limit kept\n" : `\nover a limit: ${over.join(", ")}\n`);
process.exitCode = over.length === 0 ? 0 : 1;
