import t from "tap";
import { v3Schemas, v4Schemas } from "./conformance.ts";
import { open, operator, testGateway } from "./testing.ts";

const old = v3Schemas();
const now = v4Schemas();
const V4 = { scopes: ["operator.admin"], params: { minProtocol: 4, maxProtocol: 4 } };

interface Job {
  readonly id: string;
  readonly schedule: Record<string, unknown>;
  readonly state: { readonly nextRunAtMs?: number };
}

const TURN = {
  ...{ name: "plants", sessionTarget: "isolated", wakeMode: "now" },
  schedule: { kind: "every", everyMs: 60_000 },
  payload: { kind: "agentTurn", message: "water the plants" },
};

t.test("jobs, pages and runs are what protocol 4 publishes", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  const job = await client.call<Job>("cron.add", { ...TURN, delivery: { mode: "announce" }, surprise: 1 });
  t.equal(now("CronAddResult", job), undefined);
  const at = { kind: "at", at: new Date(hub.clock.now() + 3_600_000).toISOString() };
  const later = await client.call<Job>("cron.add", { ...TURN, name: "later", schedule: at, enabled: false });
  t.match(await client.call("cron.list"), { jobs: [{ id: job.id }], total: 1, hasMore: false, nextOffset: null });
  const page = await client.call<{ jobs: Job[] }>("cron.list", { includeDisabled: true, limit: 1, sortBy: "name" });
  t.match(page, { total: 2, offset: 0, limit: 1, hasMore: true, nextOffset: 1, snapshotRevision: /^[0-9a-f]{32}$/ });
  t.match(await client.call("cron.list", { enabled: "disabled", query: "LATER", scheduleKind: "at" }), {
    jobs: [{ id: later.id }],
  });
  t.same((await client.call<{ jobs: Job[] }>("cron.list", { lastRunStatus: "ok", enabled: "all" })).jobs, []);
  const [first] = page.jobs;
  const { effectiveAgentId, ...shown } = first as unknown as Record<string, unknown>;
  t.equal(effectiveAgentId, "main");
  t.equal(now("CronJob", shown), undefined);
  t.equal(now("CronJob", await client.call("cron.get", { id: job.id })), undefined);
  t.match(await client.call("cron.status"), { enabled: true, jobs: 2, nextWakeAtMs: job.state.nextRunAtMs });

  const started = await client.call<{ runId: string }>("cron.run", { id: job.id });
  t.match(started, { ok: true, enqueued: true, runId: /^cron-/ });
  await client.find(
    ({ event, payload }) => event === "cron" && (payload as unknown as { action: string }).action === "finished",
  );
  const { entries } = await client.call<{ entries: object[] }>("cron.runs", { runId: started.runId });
  t.equal(entries.length, 1);
  for (const entry of entries) t.equal(now("CronRunLogEntry", entry), undefined);
  t.match(await client.call("cron.run", { id: job.id, mode: "due" }), { ok: true, ran: false, reason: "not-due" });

  const renamed = await client.call("cron.update", { id: job.id, patch: { name: "herbs", delivery: null } });
  t.equal(now("CronJob", renamed), undefined);
  const note = await client.call("cron.scratch.set", { id: job.id, content: "seen" });
  t.equal(now("CronScratchSetResult", note), undefined);
  t.equal(now("CronScratchGetResult", await client.call("cron.scratch.get", { jobId: job.id })), undefined);
  const stale = await client.call("cron.scratch.set", { id: job.id, content: null, expectedRevision: 0 });
  t.equal(now("CronScratchSetResult", stale), undefined);
  t.same(await client.call("cron.remove", { id: job.id }), { ok: true, removed: true });
  t.match(await client.request("cron.remove", { id: job.id }), {
    error: { code: "INVALID_REQUEST", details: { code: "CRON_JOB_NOT_FOUND", jobId: job.id } },
  });
  t.match(await client.request("cron.get", {}), { error: { message: /id or jobId/ } });
  t.match(await client.request("cron.runs", { id: "never" }), { error: { details: { jobId: "never" } } });
});

t.test("January's clients see January's jobs, a list without pages, and an answer after the run", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub);
  const atMs = hub.clock.now() + 3_600_000;
  const job = await client.call<Job>("cron.add", {
    ...TURN,
    ...{ enabled: true, deleteAfterRun: false, schedule: { kind: "at", atMs } },
    payload: { ...TURN.payload, timeoutSeconds: 5, deliver: true, channel: "last", to: "kitchen" },
  });
  t.equal(old("CronJob", job), undefined);
  t.match(job, { schedule: { kind: "at", atMs }, payload: { deliver: true, to: "kitchen" } });
  const quiet = { ...TURN, enabled: true, payload: { ...TURN.payload, channel: "last" } };
  const told = await client.call<Job & { payload: object }>("cron.add", quiet);
  t.same(told.payload, quiet.payload, "as it was sent: delivered to nobody");
  await client.call("cron.remove", { id: told.id });
  const main = await client.call<Job>("cron.add", {
    ...{ name: "bins", enabled: true, sessionTarget: "main", wakeMode: "now" },
    ...{ schedule: { kind: "cron", expr: "0 7 * * 1", tz: "UTC" }, payload: { kind: "systemEvent", text: "bins" } },
  });
  t.equal(old("CronJob", main), undefined);
  const list = await client.call<{ jobs: Job[] }>("cron.list", { includeDisabled: true });
  t.same(Object.keys(list), ["jobs"]);
  t.equal(list.jobs.length, 2);
  for (const one of list.jobs) t.equal(old("CronJob", one), undefined);
  t.same(await client.call("cron.run", { jobId: job.id, mode: "force" }), { ok: true, ran: true });
  t.same(await client.call("cron.run", { id: job.id, mode: "due" }), { ok: true, ran: false, reason: "not-due" });
  const { entries } = await client.call<{ entries: object[] }>("cron.runs", { id: job.id, limit: 5000 });
  t.equal(entries.length, 1);
  for (const entry of entries) t.equal(old("CronRunLogEntry", entry), undefined);
  const changed = await client.call("cron.update", { id: job.id, patch: { enabled: false } });
  t.equal(old("CronJob", changed), undefined);
  t.same(await client.call("cron.remove", { id: "nothing" }), { ok: true, removed: false });
  t.match(await client.request("cron.update", { id: "nothing", patch: {} }), {
    error: { code: "UNAVAILABLE", message: "Error: unknown cron job id: nothing" },
  });
  for (const params of [null, 7, [], "x"]) t.notOk((await client.request("cron.add", params)).ok);
});

t.test("every job event reaches operators that may read; changing jobs needs an administrator", async (t) => {
  const hub = await testGateway(t);
  const client = await operator(t, hub, V4);
  const deaf = open(t, hub);
  await deaf.connect({ scopes: ["operator.approvals"] });
  const job = await client.call<Job>("cron.add", { ...TURN, schedule: { kind: "every", everyMs: 60_000 } });
  await client.call("cron.run", { id: job.id });
  await client.find(({ payload }) => (payload as { action?: string } | undefined)?.action === "finished");
  await client.call("cron.remove", { id: job.id });
  await client.call("health");
  const actions = client.frames
    .filter(({ event }) => event === "cron")
    .map(({ payload }) => (payload as unknown as { action: string }).action);
  t.same(actions, ["added", "started", "finished", "removed"]);
  t.notOk(deaf.frames.some(({ event }) => event === "cron"));
  const reader = await operator(t, hub, { ...V4, scopes: ["operator.read"] });
  t.ok((await reader.request("cron.list")).ok);
  t.match(await reader.request("cron.add", TURN), { error: { code: "FORBIDDEN" } });
});
