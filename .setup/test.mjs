// The test command: type check, lint, then every test file under tap with coverage. Ends with "N passed, N failed".
// Arguments name test files or folders; without any, everything runs.
import { spawn, spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Parser } from "tap-parser";

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const chosen = process.argv
  .slice(2)
  .map((name) => (name.endsWith(".ts") ? name : `${name.replace(/\/$/, "")}/**/*.test.ts`));
/** Whole programs, audio and load: one after another, so that they measure themselves and not each other. */
const SERIAL = ["test/compat", "test/e2e", "test/fault", "test/hil", "hardware"];
/** A part of the tests covers a part of the code. */
const NO_GATE = ["--statements=0", "--lines=0", "--functions=0", "--branches=0"];

let failed = 0;
let passed = 0;
const skips = [];

if (chosen.length === 0) {
  step("type check", "tsc", ["--noEmit"]);
  step("lint", "biome", ["check", "--error-on-warnings", "."]);
}
await tests();
for (const line of skips) process.stdout.write(`skipped: ${line}\n`);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function step(name, command, rest) {
  const result = spawnSync(path.join(root, "node_modules", ".bin", command), rest, { cwd: root, encoding: "utf8" });
  const ok = result.status === 0;
  if (ok) passed += 1;
  else failed += 1;
  process.stdout.write(`${ok ? "ok" : "not ok"} - ${name}\n`);
  if (!ok) process.stdout.write(`${result.stdout}${result.stderr}\n`);
}

function tests() {
  const rest = [
    "run",
    "--reporter=tap",
    "--coverage-report=text-summary",
    ...SERIAL.map((dir) => `--serial=${dir}`),
    ...(chosen.length > 0 ? [...NO_GATE, ...chosen] : []),
  ];
  const tap = spawn(path.join(root, "node_modules", ".bin", "tap"), rest, {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const parser = new Parser();
  let coverage = "";
  count(parser, []);
  parser.on("child", (file) => {
    file.on("complete", (result) => {
      const mark = result.ok ? "ok" : "not ok";
      process.stdout.write(
        `${mark} - ${file.name.replace(/^.*?# Subtest: /, "")}  ${Math.round(result.time ?? 0)} ms\n`,
      );
    });
  });
  parser.on("extra", (text) => {
    coverage += text;
  });
  tap.stdout.pipe(parser);
  return new Promise((resolve) => {
    tap.on("close", (code) => {
      process.stdout.write(coverage);
      if (code !== 0 && failed === 0) {
        failed += 1;
        process.stdout.write(`not ok - the test runner ended with ${code}\n`);
      }
      resolve();
    });
  });
}

/** Counts leaf assertions; a subtest's own line repeats what its assertions said and is not counted. */
function count(parser, names) {
  let afterChild = false;
  parser.on("child", (child) => {
    afterChild = true;
    count(child, [...names, child.name]);
  });
  parser.on("assert", (result) => {
    const summary = afterChild;
    afterChild = false;
    if (result.skip)
      skips.push(`${[...names, result.name].join(" > ")}${result.skip === true ? "" : ` (${result.skip})`}`);
    else if (summary && result.ok) return;
    else if (result.ok) passed += 1;
    else if (!summary) {
      failed += 1;
      process.stdout.write(
        `\nnot ok: ${[...names, result.name].join(" > ")}\n${JSON.stringify(result.diag ?? {}, null, 2).slice(0, 3000)}\n`,
      );
    } else if (summary && names.length === 0 && failed === 0) {
      failed += 1;
      process.stdout.write(`\nnot ok: ${result.name}\n${JSON.stringify(result.diag ?? {}, null, 2).slice(0, 3000)}\n`);
    }
  });
}
