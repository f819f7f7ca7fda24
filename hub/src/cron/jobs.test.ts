import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { FakeRuns, FakeSessions } from "../agent/testing.ts";
import type { CronEvent, CronSpec, RunOutcome } from "../services.ts";
import { temporaryStore } from "../store/testing.ts";
import { settled } from "../voice/testing.ts";
import { CronJobs } from "./index.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function setUp(t: Parameters<typeof temporaryStore>[0], enabled = true) {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const runs = new FakeRuns();
  const sessions = new FakeSessions();
  const woken: string[] = [];
  const delivered: unknown[] = [];
  const options = {
    ...{ store, clock, random: seededRandom(4), log: silentLog, runs, sessions, enabled },
    wake: (reason: string) => void woken.push(reason),
    deliver: async (...given: unknown[]) => void delivered.push(given),
  };
  const cron = new CronJobs(options);
  const heard: CronEvent[] = [];
  cron.events.on("changed", (event) => heard.push(event));
  await cron.start();
  t.teardown(() => cron.stop());
  const later = async (ms: number) => {
    // In steps, so that what a timer begins can end before the next one is due.
    for (let left = ms; left > 0; left -= MINUTE) {
      await clock.advance(Math.min(left, MINUTE));
      await settled(4);
    }
  };
  const again = async () => {
    const next = new CronJobs(options);
    next.events.on("changed", (event) => heard.push(event));
    t.teardown(() => next.stop());
    await next.start();
    await settled();
    return next;
  };
  const messages = () => runs.requests.map(({ message }) => message);
  return { clock, store, runs, sessions, woken, delivered, cron, heard, later, again, options, messages };
}

function turn(patch: Partial<CronSpec> = {}): CronSpec {
  return {
    ...{ name: "plants", enabled: true, sessionTarget: "isolated", wakeMode: "now" },
    schedule: { kind: "every", everyMs: HOUR },
    payload: { kind: "agentTurn", message: "water the plants", timeoutSeconds: 30 },
    ...patch,
  } as CronSpec;
}

t.test("a job runs at its times, in a session of its own, and the log says so", async (t) => {
  const { cron, later, runs, heard } = await setUp(t);
  const job = await cron.add(turn({ agentId: "main" }));
  t.equal(cron.status().jobs, 1);
  await later(HOUR - MINUTE);
  t.same(runs.requests, []);
  await later(MINUTE);
  t.match(runs.requests, [
    {
      runId: `cron-${job.id}-${job.createdAtMs + HOUR}`,
      sessionKey: `agent:main:cron:${job.id}`,
      message: "water the plants",
      source: "cron",
      principal: { kind: "system", id: "cron" },
      timeoutMs: 30_000,
    },
  ]);
  await later(HOUR);
  t.equal(runs.requests.length, 2);
  const { entries, total } = cron.runs({ jobId: job.id, limit: 10, offset: 0 });
  t.equal(total, 2);
  t.match(entries[0], { status: "ok", summary: "water the plants", runAtMs: job.createdAtMs + 2 * HOUR });
  t.match(cron.get(job.id).state, { lastStatus: "ok", nextRunAtMs: job.createdAtMs + 3 * HOUR, consecutiveErrors: 0 });
  t.same(
    heard.map(({ action }) => action),
    ["added", "started", "finished", "started", "finished"],
  );
});

t.test("a text is left for the main session, which is woken when the job says so", async (t) => {
  const { cron, later, sessions, woken } = await setUp(t);
  const text = { sessionTarget: "main", payload: { kind: "systemEvent", text: "bins out" } } as const;
  const job = await cron.add(turn(text));
  await cron.add(turn({ ...text, wakeMode: "next-heartbeat" }));
  await later(HOUR);
  t.same(sessions.queued, [
    { sessionKey: "agent:main:main", text: "bins out" },
    { sessionKey: "agent:main:main", text: "bins out" },
  ]);
  t.same(woken, [`cron:${job.id}`]);
});

t.test("a single time is used once: the job is off afterwards, or gone when it asked for that", async (t) => {
  const { cron, clock, later, heard, messages } = await setUp(t);
  const schedule = { kind: "at", at: new Date(clock.now() + MINUTE).toISOString() } as const;
  const kept = await cron.add(turn({ schedule }));
  const gone = await cron.add(turn({ schedule, deleteAfterRun: true }));
  await later(3 * MINUTE);
  t.equal(messages().length, 2);
  t.match(cron.get(kept.id), { enabled: false, state: { lastStatus: "ok", nextRunAtMs: undefined } });
  t.throws(() => cron.get(gone.id), { code: "CRON_JOB_UNKNOWN", details: { code: "CRON_JOB_NOT_FOUND" } });
  t.same(
    heard.filter(({ action }) => action === "removed"),
    [{ jobId: gone.id, action: "removed" }],
  );
  t.equal(cron.runs({ jobId: gone.id, limit: 5, offset: 0 }).total, 1, "its log stays");
  await cron.update(kept.id, { enabled: true });
  await later(3 * MINUTE);
  t.equal(messages().length, 2, "a time that was used is not used again");
  await t.rejects(cron.add(turn({ schedule: { kind: "at", at: "2020-01-01T00:00:00Z" } })), { message: /has passed/ });
});

t.test("a hub that dies over a run does not repeat it, and says that nobody knows", async (t) => {
  const { cron, runs, later, again, messages } = await setUp(t);
  const job = await cron.add(turn());
  runs.answer = () => new Promise(() => {});
  await later(HOUR);
  t.equal(messages().length, 1);
  await cron.stop();
  const next = await again();
  t.equal(messages().length, 1);
  const { entries } = next.runs({ jobId: job.id, limit: 5, offset: 0 });
  t.match(entries, [{ status: "error", completionStatus: "unknown", error: /not known/ }]);
  t.match(next.get(job.id).state, {
    lastStatus: "error",
    consecutiveErrors: 1,
    nextRunAtMs: job.createdAtMs + 2 * HOUR,
  });
});

t.test("of missed times the last one is made up for within an hour, and skipped when it is older", async (t) => {
  const { cron, clock, later, again, messages, runs } = await setUp(t);
  const often = await cron.add(turn({ name: "often", schedule: { kind: "every", everyMs: 10 * MINUTE } }));
  const rare = await cron.add(turn({ name: "rare", schedule: { kind: "every", everyMs: 5 * HOUR } }));
  const at = new Date(clock.now() + HOUR).toISOString();
  const once = await cron.add(turn({ name: "once", schedule: { kind: "at", at } }));
  await cron.stop();
  await later(7 * HOUR + MINUTE);
  t.same(messages(), []);
  const next = await again();
  const started = runs.requests.map(({ runId }) => runId).sort();
  const due = [`cron-${often.id}-${often.createdAtMs + 7 * HOUR}`, `cron-${once.id}-${Date.parse(at)}`];
  t.same(started, due.sort(), "once each");
  t.match(next.runs({ jobId: rare.id, limit: 5, offset: 0 }).entries, [
    { status: "skipped", error: /missed/, runAtMs: rare.createdAtMs + 5 * HOUR },
  ]);
  await later(3 * HOUR);
  t.ok(next.runs({ jobId: rare.id, limit: 5, offset: 0 }).total === 2, "its next time is kept");
  await next.stop();
});

t.test("a run that takes longer than its interval is not overtaken by itself", async (t) => {
  const { cron, runs, later, messages } = await setUp(t);
  const job = await cron.add(turn({ schedule: { kind: "every", everyMs: 5 * MINUTE } }));
  const { promise, resolve } = Promise.withResolvers<Partial<RunOutcome>>();
  runs.answer = () => promise;
  await later(21 * MINUTE);
  t.equal(messages().length, 1);
  t.ok(cron.get(job.id).state.runningAtMs);
  t.match(await cron.run(job.id, "force"), { ran: false, reason: "already-running" });
  runs.answer = async () => ({ text: "quick" });
  resolve({ text: "at last" });
  await settled();
  t.equal(messages().length, 2, "the last of the missed times");
  await later(5 * MINUTE);
  t.equal(messages().length, 3);
});

t.test("a job can be run by hand, whatever its schedule says", async (t) => {
  const { cron, later } = await setUp(t);
  const job = await cron.add(turn({ enabled: false }));
  t.match(await cron.run(job.id, "due"), { ran: false, reason: "not-due" });
  t.match(await cron.run(job.id, "if-enabled"), { ran: false, reason: "disabled" });
  const started = await cron.run(job.id, "force");
  if (!started.ran) return t.fail("it did not run");
  t.match(await started.done, { status: "ok", runId: started.runId });
  await later(2 * HOUR);
  t.equal(cron.runs({ jobId: job.id, limit: 5, offset: 0 }).total, 1);
  await t.rejects(cron.run("nothing", "force"), { code: "CRON_JOB_UNKNOWN", message: "unknown cron job id: nothing" });
});

t.test("what went wrong is in the log and the job; it runs again at its next time", async (t) => {
  const { cron, runs, later, options } = await setUp(t);
  const job = await cron.add(turn());
  runs.answer = async () => ({
    status: "error",
    error: { code: "TIMEOUT", message: "no model answered", hint: "", retryable: true },
  });
  await later(2 * HOUR);
  t.match(cron.get(job.id).state, { lastStatus: "error", lastError: "no model answered", consecutiveErrors: 2 });
  runs.answer = async () => ({ text: "done" });
  await later(HOUR);
  t.match(cron.get(job.id).state, { lastStatus: "ok", lastError: undefined, consecutiveErrors: 0 });
  runs.start = async () => {
    throw new TypeError("broken");
  };
  await later(HOUR);
  t.match(cron.get(job.id).state, { lastStatus: "error" });
  t.equal(cron.runs({ jobId: job.id, statuses: ["error"], limit: 9, offset: 0 }).total, 3);
  t.equal(cron.runs({ query: "no model", oldestFirst: true, limit: 1, offset: 1 }).entries.length, 1);
  t.ok(options);
});

t.test(
  "an answer is delivered when the job asks; one that cannot be is an error unless best effort was enough",
  async (t) => {
    const { cron, later, delivered, options } = await setUp(t);
    const job = await cron.add(turn({ delivery: { mode: "announce", channel: "rooms", to: "kitchen" } }));
    await later(HOUR);
    t.match(delivered, [[{ channel: "rooms", to: "kitchen" }, "water the plants", /^cron-/]]);
    t.equal(cron.get(job.id).state.lastDeliveryStatus, "delivered");
    options.deliver = async () => {
      throw new TypeError("nobody there");
    };
    await later(HOUR);
    t.match(cron.get(job.id).state, { lastStatus: "error", lastDeliveryError: "nobody there" });
    await cron.update(job.id, { delivery: { mode: "announce", bestEffort: true } });
    await later(HOUR);
    t.match(cron.get(job.id).state, { lastStatus: "ok", lastDeliveryStatus: "not-delivered" });
    t.match(cron.get(job.id).delivery, { to: "kitchen", bestEffort: true }, "a patch adds to what was there");
  },
);

t.test("changes move the next time, count revisions and say when somebody else was faster", async (t) => {
  const { cron, clock, later, messages, sessions } = await setUp(t);
  const job = await cron.add(turn({ description: "green" }));
  await later(10 * MINUTE);
  const renamed = await cron.update(job.id, { name: "herbs", payload: { kind: "agentTurn", message: "basil" } });
  t.match(renamed, { name: "herbs", configRevision: "2", payload: { message: "basil", timeoutSeconds: 30 } });
  t.equal(renamed.state.nextRunAtMs, job.state.nextRunAtMs);
  const moved = await cron.update(job.id, { schedule: { kind: "cron", expr: "0 * * * *", tz: "UTC" } }, "2");
  t.equal(moved.state.nextRunAtMs, clock.now() + 50 * MINUTE);
  await t.rejects(cron.update(job.id, { name: "x" }, "2"), { code: "CONFLICT", details: { configRevision: "3" } });
  await t.rejects(cron.update(job.id, { sessionTarget: "main" }), { code: "INPUT_INVALID", message: /systemEvent/ });
  await t.rejects(cron.update(job.id, { sessionTarget: "current" }), { code: "INPUT_INVALID", message: /sessionKey/ });
  await t.rejects(cron.update(job.id, { payload: null }), { code: "INPUT_INVALID", message: /payload/ });
  const elsewhere = await cron.update(job.id, { sessionTarget: "session:room:kitchen", description: null });
  t.notOk("description" in elsewhere);
  await cron.update(job.id, { enabled: false });
  await later(2 * HOUR);
  t.same(messages(), []);
  t.same(sessions.queued, []);
  const declared = await cron.add(turn({ declarationKey: "d" }));
  t.equal((await cron.add(turn({ declarationKey: "d", name: "again" }))).id, declared.id);
  t.same([await cron.remove(job.id), await cron.remove(job.id)], [true, false]);
});

t.test("a note belongs to a job; a write that expected another one is refused", async (t) => {
  const { cron } = await setUp(t);
  const { id } = await cron.add(turn());
  t.equal(cron.scratch(id), undefined);
  t.equal(await cron.setScratch(id, "seen", 0), 1);
  t.equal(await cron.setScratch(id, "other", 0), undefined);
  t.match(cron.scratch(id), { content: "seen", revision: 1 });
  t.equal(await cron.setScratch(id, null), 2);
  t.equal(cron.scratch(id), undefined);
  t.equal(cron.scratchRevision(id), 2);
});

t.test("switched off, jobs are kept and run by hand only", async (t) => {
  const { cron, later, messages } = await setUp(t, false);
  const job = await cron.add(turn());
  await later(3 * HOUR);
  t.same(messages(), []);
  t.match(cron.status(), { enabled: false, nextWakeAtMs: null, jobs: 1 });
  t.match(await cron.run(job.id, "force"), { ran: true });
});

t.test("while the store does not take a claim nothing is done; it is tried again", async (t) => {
  const { cron, store, later, messages } = await setUp(t);
  await cron.add(turn());
  const { commit } = store;
  store.commit = async () => {
    throw new TypeError("disk full");
  };
  await later(HOUR);
  t.same(messages(), []);
  store.commit = commit;
  await later(MINUTE);
  t.equal(messages().length, 1);
});

t.test("of two changes at once the second is refused, so that none is lost", async (t) => {
  const { cron } = await setUp(t);
  const { id } = await cron.add(turn());
  const both = await Promise.allSettled([cron.update(id, { name: "roses" }), cron.update(id, { description: "red" })]);
  t.match(both, [{ status: "fulfilled" }, { status: "rejected", reason: { code: "CONFLICT" } }]);
  t.match(cron.get(id), { name: "roses", configRevision: "2" });
});
