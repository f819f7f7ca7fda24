// The bench by hand: `npm run hil` runs what continuous integration runs, `--long` also what takes minutes
// (the packages under systemd).
// Builds what is missing first. Names of test files may follow.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "@barnacle/protocol/errors";
import { build } from "./bench/build.ts";

const HELP = "usage: npm run hil [-- [--long] [test file…]]\n";
const ROOT = path.resolve(import.meta.dirname, "../..");

let parsed: { values: { long?: boolean; help?: boolean }; positionals: string[] };
try {
  parsed = parseArgs({
    options: { long: { type: "boolean" }, help: { type: "boolean" } },
    allowPositionals: true,
  });
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n${HELP}`);
  process.exit(2);
}
if (parsed.values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
try {
  await build((line) => process.stderr.write(`${line}\n`));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exit(1);
}
const files = parsed.positionals.length > 0 ? parsed.positionals : ["test/hil"];
const env = { ...process.env, BARNACLE_HIL: "1", ...(parsed.values.long ? { BARNACLE_HIL_LONG: "1" } : {}) };
const result = spawnSync(process.execPath, [path.join(ROOT, ".setup", "test.mjs"), ...files], {
  cwd: ROOT,
  env,
  stdio: "inherit",
});
process.exitCode = result.status ?? 1;
