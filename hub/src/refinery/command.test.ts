import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { FakeClock, systemClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { type CommandRun, runCommand } from "./command.ts";
import { birthOf, endLeftGroup } from "./process-group.ts";

function place(t: Test) {
  const dir = t.testdir();
  const log = path.join(dir, "log");
  const run = (more: Partial<CommandRun>) =>
    runCommand({
      ...{ command: "true", cwd: dir, env: { PATH: process.env.PATH ?? "" }, timeoutMs: 60_000, capBytes: 1_000_000 },
      ...{ log, signal: new AbortController().signal, clock: systemClock, ...more },
    });
  return { dir, log, run, text: () => readFileSync(log, "utf8") };
}

t.test("a text is for the shell, a list for nobody but the program", async (t) => {
  const { run, text } = place(t);
  t.match(await run({ command: "echo a; exit 3" }), { exitCode: 3, timedOut: false, tail: "a\n" });
  t.match(await run({ command: ["echo", "a; exit 3", "$PATH"] }), { exitCode: 0, tail: "a; exit 3 $PATH\n" });
  t.match(await run({ command: ["/no/such/program"] }), { exitCode: null });
  t.match(text(), /^\$ echo a; exit 3\na\nexit code 3\n\$ echo a; exit 3 \$PATH\n/);
  t.match(text(), /cannot be started: .*ENOENT/);
});

t.test("it gets what it is given of the environment, and no more", async (t) => {
  const { run } = place(t);
  process.env.BARNACLE_SECRET_OF_TEST = "x";
  t.teardown(() => {
    delete process.env.BARNACLE_SECRET_OF_TEST;
  });
  t.notMatch((await run({ command: "env", env: { PATH: process.env.PATH ?? "", CI: "true" } })).tail, /SECRET/);
});

t.test("of much output the beginning and the end are kept", async (t) => {
  const { run, text } = place(t);
  const command = "echo first; i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done; echo last";
  const { tail } = await run({ command, capBytes: 2_000 });
  t.match(tail, /last\n$/);
  t.match(text(), /\nfirst\n[\s\S]*… \d+ bytes left out …\n[\s\S]*last\n\nexit code 0\n$/);
  t.ok(text().length < 10_000);
});

t.test("out of time: it and all that it started end", async (t) => {
  const { run, dir } = place(t);
  const clock = new FakeClock();
  const [began, late] = [path.join(dir, "began"), path.join(dir, "late")];
  // It does not listen to the polite signal.
  const command = `trap '' TERM; (sleep 30; touch ${late}) & touch ${began}; sleep 30; sleep 30`;
  let pid = 0;
  const ended = run({ command, clock, timeoutMs: 5_000, started: (id) => (pid = id) });
  while (!existsSync(began)) await new Promise((resolve) => setTimeout(resolve, 10));
  await clock.advance(5_000);
  await clock.advance(2_000);
  t.match(await ended, { exitCode: null, timedOut: true, durationMs: 7_000 });
  t.equal(endLeftGroup({ pid, born: "0" }), false, "another process with its id is left alone");
  t.notOk(existsSync(late));
  t.equal(clock.pending, 0, "no timer is left");
});

t.test("what it leaves running ends with it", async (t) => {
  const { run } = place(t);
  const { tail, ...end } = await run({ command: "sleep 60 & echo $!" });
  t.match(end, { exitCode: 0, timedOut: false });
  const state = () => {
    try {
      return readFileSync(`/proc/${Number(tail)}/stat`, "utf8").replace(/^.*\) /, "")[0];
    } catch {
      return "Z";
    }
  };
  while (state() !== "Z") await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(state(), "Z");
  t.equal(birthOf(2 ** 22 + 1), undefined);
  t.match(birthOf(process.pid), /^\d+$/);
});
