import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import { FakeClock, type Log, silentLog, systemClock } from "../runtime/index.ts";
import { findSupervisor, loadNotify } from "./index.ts";
import { FakeManager } from "./testing.ts";

/** A supervised process: the manager's socket is this process's own, since libsystemd reads the real environment. */
function supervised(t: Test, env: Record<string, string> = {}) {
  const directory = mkdtempSync(path.join(tmpdir(), "barnacle-notify-"));
  const manager = new FakeManager(directory);
  manager.open();
  process.env.NOTIFY_SOCKET = manager.socket;
  t.teardown(() => {
    delete process.env.NOTIFY_SOCKET;
    manager.close();
    rmSync(directory, { recursive: true });
  });
  const clock = new FakeClock();
  const complaints: object[] = [];
  const log: Log = { ...silentLog, error: (fields) => complaints.push(fields) };
  const supervisor = findSupervisor({ env: { NOTIFY_SOCKET: manager.socket, ...env }, pid: 42, clock, log });
  return { manager, supervisor, clock, complaints };
}

t.test("readiness, status and the end reach a real socket", async (t) => {
  const { manager, supervisor } = supervised(t);
  t.same(manager.heard(), []);
  supervisor.status("opening the microphone");
  supervisor.ready("listening in the kitchen");
  supervisor.stopping("two\nlines");
  t.same(manager.heard(), [
    "STATUS=opening the microphone",
    "READY=1",
    "STATUS=listening in the kitchen",
    "STOPPING=1",
    "STATUS=two lines",
  ]);
});

t.test("the watchdog is told at once and then at half its time, until the end", async (t) => {
  const { manager, supervisor, clock } = supervised(t, { WATCHDOG_USEC: "30000000", WATCHDOG_PID: "42" });
  supervisor.watch();
  t.same(manager.heard(), ["WATCHDOG=1"]);
  await clock.advance(14_999);
  t.same(manager.heard(), []);
  await clock.advance(30_001);
  t.same(manager.heard(), ["WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
  supervisor.stopping("bye");
  manager.heard();
  await clock.advance(60_000);
  t.same(manager.heard(), []);
  t.equal(clock.pending, 0);
});

t.test("a process that is not well sends no beat, says why once, and is forgiven when it heals", async (t) => {
  const { manager, supervisor, clock, complaints } = supervised(t, { WATCHDOG_USEC: "10000000" });
  let ailment: string | undefined;
  supervisor.watch(() => ailment);
  manager.heard();
  ailment = "no sound was worked on for 30 s";
  await clock.advance(20_000);
  t.same(manager.heard(), ["STATUS=not well: no sound was worked on for 30 s"]);
  t.match(complaints, [{ reason: ailment, limitMs: 10_000 }]);
  ailment = undefined;
  await clock.advance(5000);
  t.same(manager.heard(), ["WATCHDOG=1"]);
});

t.test("a loop that hangs starves the watchdog", async (t) => {
  const { manager } = supervised(t);
  const env = { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: "20000" };
  const supervisor = findSupervisor({ env, pid: 42, clock: systemClock, log: silentLog });
  t.teardown(() => supervisor.stopping("done"));
  supervisor.watch();
  const beats = async (count: number): Promise<void> => {
    for (let seen = 0; seen < count; await pause(5)) seen += manager.heard().length;
  };
  await beats(3);
  manager.heard();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  t.same(manager.heard(), [], "in fifteen times the time it has");
  await beats(2);
});

t.test("a watchdog that is off, or another process's, gets no beats", async (t) => {
  const environments: Record<string, string>[] = [
    {},
    { WATCHDOG_USEC: "0" },
    { WATCHDOG_USEC: "soon" },
    { WATCHDOG_USEC: "1000000", WATCHDOG_PID: "41" },
  ];
  for (const env of environments) {
    const { manager, supervisor, clock } = supervised(t, env);
    supervisor.watch();
    t.same(manager.heard(), [], JSON.stringify(env));
    t.equal(clock.pending, 0);
  }
});

t.test("without a manager nothing is loaded, and without the library the service runs all the same", async (t) => {
  const parts = { pid: 1, clock: new FakeClock(), log: silentLog };
  const load = () => t.fail("nothing is to be loaded") as never;
  for (const env of [{}, { NOTIFY_SOCKET: "" }]) {
    const supervisor = findSupervisor({ ...parts, env, load });
    supervisor.ready("x");
    supervisor.watch();
  }
  const complaints: object[] = [];
  const mute = findSupervisor({
    ...{ ...parts, env: { NOTIFY_SOCKET: "/nowhere" }, load: () => loadNotify("libnothing-of-the-kind.so") },
    log: { ...silentLog, error: (fields) => complaints.push(fields) },
  });
  mute.ready("x");
  t.match(complaints, [{ reason: /libnothing/ }]);
});
