import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";

const ROUNDS = 8;
const worker = fileURLToPath(new URL("./crash-worker.ts", import.meta.url));

t.test("killed at random moments, no command takes effect twice and no reported result is lost", async (t) => {
  const dir = t.testdir({});
  const effects = path.join(dir, "effects.txt");
  const random = seededRandom(7);
  const reported = new Map<string, string>();
  for (let round = 0; round < ROUNDS; round++) {
    // Each round asks for the same keys again, as a hub does that got no answer.
    const child = spawn(process.execPath, [worker, dir, effects], { stdio: ["ignore", "pipe", "inherit"] });
    const killAfter = 1 + Math.floor(random.unit() * 12);
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const { key, outcome } = JSON.parse(line) as { key?: string; outcome: string };
      const before = key === undefined ? undefined : reported.get(key);
      if (before !== undefined && before !== outcome) t.fail(`${key} was ${before} and became ${outcome}`);
      if (key !== undefined) reported.set(key, outcome);
      lines += 1;
      if (lines === killAfter) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  const done = existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n") : [];
  t.equal(new Set(done).size, done.length, "every effect happened once");
  const succeeded = [...reported].filter(([, outcome]) => outcome === "ok").map(([key]) => key);
  t.ok(succeeded.length > 0);
  t.ok([...reported.values()].includes("COMMAND_OUTCOME_UNKNOWN"), "some were cut off in the middle");
  for (const key of succeeded) if (!done.includes(key)) t.fail(`${key} was reported done without its effect`);
});
