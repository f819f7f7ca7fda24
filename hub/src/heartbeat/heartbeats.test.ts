import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { FakeRuns, FakeSessions } from "../agent/testing.ts";
import type { HeartbeatEvent, RunOutcome } from "../services.ts";
import { settled } from "../voice/testing.ts";
import { HeartbeatRuns } from "./index.ts";
import { intervalMs } from "./interval.ts";

const MINUTE = 60_000;

async function setUp(
  t: { teardown(fn: () => unknown): void },
  patch: { every?: string; target?: string; answersFreely?: boolean } = {},
) {
  const clock = new FakeClock();
  const runs = new FakeRuns();
  const delivered: unknown[] = [];
  const options = {
    ...{ clock, runs, sessions: new FakeSessions(), random: seededRandom(3), log: silentLog },
    ...{ every: "30m", prompt: "anything?", target: "none", answersFreely: true, ...patch },
    deliver: async (...given: unknown[]) => void delivered.push(given),
  };
  const heartbeats = new HeartbeatRuns(options);
  const heard: HeartbeatEvent[] = [];
  heartbeats.events.on("beat", (beat) => heard.push(beat));
  await heartbeats.start();
  t.teardown(() => heartbeats.stop());
  const says = (text: string) => {
    runs.answer = async () => ({ text });
  };
  return { clock, runs, heartbeats, heard, says, delivered, options };
}

t.test("by interval the agent is asked, in the main session, and an acknowledgement tells nobody", async (t) => {
  const { clock, runs, heartbeats, says, delivered } = await setUp(t, { target: "all" });
  t.equal(heartbeats.last(), null);
  says("HEARTBEAT_OK");
  await clock.advance(30 * MINUTE - 1);
  t.same(runs.requests, []);
  await clock.advance(1);
  await settled();
  t.match(runs.requests, [{ sessionKey: "agent:main:main", message: "anything?", source: "heartbeat" }]);
  t.match(heartbeats.last(), { status: "ok-token", silent: true, reason: "interval", indicatorType: "ok" });
  says(" ");
  await clock.advance(30 * MINUTE);
  await settled();
  t.match(heartbeats.last(), { status: "ok-empty" });
  t.same(delivered, []);
});

t.test("what it says reaches the rooms that are configured; what cannot be told is a failure", async (t) => {
  const { heartbeats, says, delivered, options } = await setUp(t, { every: "0m", target: "kitchen" });
  says("The washing machine is done.");
  heartbeats.wake("wake");
  await settled();
  t.match(delivered, [[{ channel: "rooms", to: "kitchen" }, "The washing machine is done.", /^heartbeat-/]]);
  t.match(heartbeats.last(), { status: "sent", to: "kitchen", preview: "The washing machine is done." });
  t.match(heartbeats.settings(), { enabled: false, everyMs: null }, "woken, though there is no interval");
  options.deliver = async () => {
    throw new TypeError("nobody in the kitchen");
  };
  heartbeats.wake("wake");
  await settled();
  t.match(heartbeats.last(), { status: "failed", reason: "nobody in the kitchen" });
});

t.test("one at a time: wakes meanwhile become one more; a busy session is waited for", async (t) => {
  const { clock, runs, heartbeats, heard } = await setUp(t, { every: "0m" });
  const { promise, resolve } = Promise.withResolvers<Partial<RunOutcome>>();
  runs.answer = () => promise;
  for (const reason of ["one", "two", "three"]) heartbeats.wake(reason);
  await settled();
  t.equal(runs.requests.length, 1);
  runs.active = () => ["busy"];
  resolve({ text: "HEARTBEAT_OK all well" });
  await settled();
  t.match(heard.at(-1), { status: "skipped", reason: "requests-in-flight" });
  runs.active = () => [];
  runs.answer = async () => ({ text: "x" });
  await clock.advance(5000);
  await settled();
  t.equal(runs.requests.length, 2);
  t.match(heard.at(-1), { status: "sent", reason: "three", silent: true });
});

t.test("failures are named, and switched off nothing runs", async (t) => {
  const { runs, heartbeats } = await setUp(t);
  runs.answer = async () => ({ status: "timeout" });
  heartbeats.wake("wake");
  await settled();
  t.match(heartbeats.last(), { status: "failed", reason: "the run ended as timeout" });
  runs.start = async () => {
    throw new TypeError("no agent");
  };
  heartbeats.wake("wake");
  await settled();
  t.match(heartbeats.last(), { status: "failed" });
  heartbeats.setEnabled(false);
  heartbeats.wake("wake");
  t.match(heartbeats.last(), { status: "skipped", reason: "disabled" });
  await heartbeats.stop();
  heartbeats.setEnabled(true);
  heartbeats.wake("wake");
  await settled();
  t.match(heartbeats.last(), { reason: "disabled" });
});

t.test("without a model or a program there is nobody to ask", async (t) => {
  const { runs, heartbeats } = await setUp(t, { answersFreely: false });
  heartbeats.wake("wake");
  await settled();
  t.same(runs.requests, []);
  t.match(heartbeats.last(), { status: "skipped", reason: "no-model" });
});

t.test("intervals are written as people do", async (t) => {
  t.equal(intervalMs("30m"), 30 * MINUTE);
  t.equal(intervalMs("1h 30m"), 90 * MINUTE);
  t.equal(intervalMs("1s"), 10_000, "not more often than that");
  t.equal(intervalMs("0m"), null);
  t.throws(() => intervalMs("often"), { code: "CONFIG_INVALID", message: /heartbeat.every: "often"/ });
});
