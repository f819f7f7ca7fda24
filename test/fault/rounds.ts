// Random faults by hand: `node test/fault/rounds.ts --rounds 1000` (the default; an hour or more). Ends with 1 where a promise broke.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "@barnacle/protocol/runtime";
import { FAULTS, Rounds, report } from "./support/rounds.ts";

const AUDIT_EVERY = 50;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "1000" }, seed: { type: "string", default: "1" } },
});
const dir = mkdtempSync(path.join(tmpdir(), "barnacle-rounds-"));
const rounds = new Rounds(dir, seededRandom(Number(values.seed)));
const count = Number(values.rounds);
const tally = new Map<string, number>(FAULTS.map((fault) => [fault, 0]));
const wrong: string[] = [];
const find = (line: string): void => {
  wrong.push(line);
  process.stdout.write(`WRONG ${line}\n`);
};
try {
  await rounds.open();
  for (let round = 0; round < count; round++) {
    const result = await rounds.round(round);
    tally.set(result.fault, (tally.get(result.fault) ?? 0) + 1);
    if (result.wrong.length > 0) find(report(result));
    if ((round + 1) % AUDIT_EVERY === 0 || round + 1 === count) {
      for (const line of await rounds.audit()) find(`audit after round ${round}: ${line}`);
      process.stdout.write(`${round + 1}/${count} rounds, ${wrong.length} wrong\n`);
    }
  }
} finally {
  await rounds.close();
}
process.stdout.write(`${[...tally].map(([fault, times]) => `${fault} ${times}`).join(", ")}\n`);
process.stdout.write(`${count} rounds, seed ${values.seed}, ${wrong.length} wrong\n`);
if (wrong.length === 0) rmSync(dir, { recursive: true, force: true });
else process.exitCode = 1;
