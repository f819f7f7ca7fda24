import t, { type Test } from "tap";
import { connectNode, manifestOf, pairedNode } from "../../devices/testing.ts";
import { v3Schemas, v4Schemas } from "../conformance.ts";
import { operator, type RawClient, type TestGateway, testGateway } from "../testing.ts";

const V4 = { minProtocol: 4, maxProtocol: 4 };
const fits4 = v4Schemas();
const fits3 = v3Schemas();

async function connected(t: Test) {
  const hub = await testGateway(t);
  const admin = await operator(t, hub, { params: V4, scopes: ["operator.admin"] });
  return { hub, admin };
}

/** A second person, who may answer. */
function approver(t: Test, hub: TestGateway): Promise<RawClient> {
  return operator(t, hub, { params: V4, scopes: ["operator.approvals", "operator.questions", "operator.read"] });
}

t.test("what the lists answer fits the published results, with nothing stripped", async (t) => {
  const { hub, admin } = await connected(t);
  await connectNode(hub.devices, await pairedNode(hub.devices, "Kitchen"), 1, manifestOf());
  const runInspect = await admin.call("audit.run.inspect", { runId: "r1" });
  t.equal(fits4("AuditRunInspectResult", runInspect), undefined);
  const cases: [string, object, string][] = [
    ["plugins.list", {}, "PluginsListResult"],
    ["plugins.search", { query: "x" }, "PluginsSearchResult"],
    ["plugins.uiDescriptors", {}, "PluginsUiDescriptorsResult"],
    ["taskSuggestions.list", {}, "TaskSuggestionsListResult"],
    ["projects.list", {}, "ProjectsListResult"],
    ["board.get", { sessionKey: "main" }, "BoardSnapshot"],
    ["progressCard.get", { sessionKey: "main" }, "ProgressCardGetResult"],
    ["environments.list", {}, "EnvironmentsListResult"],
    ["environments.status", { environmentId: "gateway" }, "EnvironmentsStatusResult"],
    ["config.schema", {}, "ConfigSchemaResponse"],
    ["config.schema.lookup", { path: "gateway" }, "ConfigSchemaLookupResult"],
    ["question.list", {}, "QuestionListResult"],
    ["exec.approval.grants.list", {}, "ExecApprovalGrantsListResult"],
    ["exec.approvals.get", {}, "ExecApprovalsSnapshot"],
    ["approval.history", {}, "ApprovalHistoryResult"],
    ["tasks.list", { limit: 5 }, "TasksListResult"],
    ["tasks.cancel", { taskId: "nothing" }, "TasksCancelResult"],
    ["tasks.retry", { taskIds: ["nothing"] }, "TasksRecoveryResult"],
    ["audit.list", {}, "AuditListResult"],
    ["audit.activity.list", {}, "AuditActivityListResult"],
    ["logs.tail", {}, "LogsTailResult"],
    ["update.status", {}, "UpdateStatusResult"],
    ["gateway.suspend.prepare", { requestId: "s1" }, "GatewaySuspendPrepareResult"],
    ["gateway.suspend.status", { suspensionId: "s1" }, "GatewaySuspendStatusResult"],
    ["gateway.suspend.resume", { suspensionId: "s1" }, "GatewaySuspendResumeResult"],
  ];
  for (const [method, params, schema] of cases) {
    t.equal(fits4(schema, await admin.call(method, params)), undefined, method);
  }
  const january = await operator(t, hub);
  for (const [method, schema] of [
    ["config.schema", "ConfigSchemaResponse"],
    ["exec.approvals.get", "ExecApprovalsSnapshot"],
    ["logs.tail", "LogsTailResult"],
  ] as const) {
    t.equal(fits3(schema, await january.call(method, {})), undefined, `${method}, protocol 3`);
  }
  for (const method of ["plugin.approval.list", "openclaw.approval.list", "exec.approval.list"]) {
    t.same(await admin.call(method, {}), [], method);
  }
  t.match((await admin.request("environments.status", { environmentId: "moon" })).error, {
    message: /unknown environmentId/,
  });
  t.match((await admin.request("tasks.get", { taskId: "nothing" })).error, { message: /task not found/ });
  t.match(await admin.call("controlUi.sessionPullRequests.subscribe", { sessionKeys: ["main"] }), {
    subscribed: false,
  });
  t.match(await admin.call("diagnostics.stability", {}), {
    count: 0,
    summary: { memory: { latest: { rssBytes: Number } } },
  });
  t.match(await admin.call("gateway.restart.preflight", {}), { safe: true, summary: "safe to restart now" });
  t.match((await admin.request("gateway.restart.request", {})).error, { message: /cannot start it again/ });
});

t.test("the configuration is read, changed and announced over the wire", async (t) => {
  const { hub, admin } = await connected(t);
  const before = await admin.call<Record<string, never>>("config.get", {});
  t.match(before, {
    ...{ exists: true, valid: true, hash: /^[0-9a-f]{64}$/, issues: [], warnings: [], legacyIssues: [] },
    config: {
      session: { mainKey: "main", scope: "per-sender" },
      gateway: { port: 18_789, token: "__OPENCLAW_REDACTED__" },
    },
    parsed: { site: "home", gateway: { token: "__OPENCLAW_REDACTED__" } },
  });
  t.match((await admin.request("config.patch", { raw: "{}" })).error, { message: /^config base hash required/ });
  const patch = await admin.call("config.patch", {
    raw: "{ui: {seamColor: '#112233'}}",
    baseHash: before.hash,
    note: "blue",
  });
  t.match(patch, { ok: true, restart: { ok: false, reason: /in effect/ }, sentinel: { payload: { message: "blue" } } });
  t.match((await admin.event("config.changed")).payload, { path: String, hash: String, ts: Number });
  const { hash } = hub.records.configFile.read();
  const set = await admin.call("config.set", {
    raw: JSON.stringify({ ...(before.config as unknown as object), name: "New" }),
    baseHash: hash,
  });
  t.match(set, { ok: true, config: { name: "New" }, needRestart: ["name"] });
  t.match(hub.records.configFile.read().source, { gateway: { token: "canary-token-of-the-file" }, name: "New" });
  const next = hub.records.configFile.read().hash;
  const apply = await admin.call("config.apply", { raw: "{name: 'Again'}", baseHash: next });
  t.match(apply, { ok: true, restart: { ok: false, reason: /cannot start it again/ } });
  t.match((await admin.request("config.set", { raw: "{nme: 1}", baseHash: "stale" })).error, {
    message: /changed since last load/,
  });
});

t.test("a command is asked about, answered by somebody else, and told to whoever waits", async (t) => {
  const { hub, admin } = await connected(t);
  const ben = await approver(t, hub);
  const ask = {
    id: "a1",
    command: "uname -a",
    commandArgv: ["uname", "-a"],
    host: "node",
    nodeId: "n1",
    env: { KEY: "canary" },
  };
  const decided = admin.request("exec.approval.request", { ...ask, twoPhase: true });
  t.match((await decided).payload, { status: "accepted", id: "a1", expiresAtMs: Number });
  const { payload } = await ben.event("exec.approval.requested");
  t.match(payload, { id: "a1", request: { command: "uname -a", cwd: null, envKeys: ["KEY"] }, createdAtMs: Number });
  t.notMatch(JSON.stringify(payload), /canary/);
  t.match(await ben.call("exec.approval.list", {}), [{ id: "a1", approvalKind: "exec" }]);
  t.match(await ben.call("exec.approval.get", { id: "a1" }), { commandText: "uname -a", nodeId: "n1" });
  const pending = await ben.call("approval.get", { id: "a1" });
  t.equal(fits4("ApprovalGetResult", pending), undefined);
  t.match((await admin.request("exec.approval.resolve", { id: "a1", decision: "allow-once" })).error, {
    code: "FORBIDDEN",
    message: /cannot give it/,
  });
  t.match((await ben.request("exec.approval.resolve", { id: "a1", decision: "perhaps" })).error, {
    message: "invalid decision",
  });
  const waiting = admin.call("exec.approval.waitDecision", { id: "a1" });
  const resolved = await ben.call("approval.resolve", {
    id: "a1",
    kind: "exec",
    decision: "allow-always",
    grantExpiresInDays: 1,
  });
  t.equal(fits4("ApprovalResolveResult", resolved), undefined);
  t.match(await waiting, { id: "a1", decision: "allow-always" });
  t.match((await admin.event("exec.approval.resolved")).payload, {
    id: "a1",
    decision: "allow-always",
    resolvedBy: String,
  });
  t.match((await ben.request("exec.approval.resolve", { id: "a1", decision: "deny" })).error, {
    message: "approval already resolved",
  });
  const { grants } = await ben.call<{ grants: { grantId: string }[] }>("exec.approval.grants.list", {});
  t.equal(fits4("ExecApprovalGrantsListResult", { grants }), undefined);
  t.match(await ben.call("exec.approval.grants.revoke", { grantId: grants[0]?.grantId }), { outcome: "revoked" });
  t.equal(fits4("ApprovalHistoryResult", await ben.call("approval.history", { limit: 1 })), undefined);
  t.match(await ben.call("approval.history", { kind: "plugin" }), { items: [] });
  for (const [method, params] of [
    ["approval.get", { id: "b" }],
    ["approval.resolve", { id: "b", kind: "exec", decision: "deny" }],
    ["exec.approval.get", { id: "b" }],
    ["exec.approval.waitDecision", { id: "b" }],
  ] as const) {
    t.match((await ben.request(method, params)).error, { details: { reason: "APPROVAL_NOT_FOUND" } }, method);
  }
});

t.test("January's clients get one answer, after the decision", async (t) => {
  const { hub } = await connected(t);
  const january = await operator(t, hub);
  const ben = await approver(t, hub);
  const answer = january.call("exec.approval.request", { id: "j1", command: "ls", timeoutMs: 5000 });
  await ben.event("exec.approval.requested");
  await ben.call("exec.approval.resolve", { id: "j1", decision: "deny" });
  t.match(await answer, { id: "j1", decision: "deny", createdAtMs: Number, expiresAtMs: Number });
  const silence = january.call("exec.approval.request", { id: "j2", command: "ls", timeoutMs: 5000 });
  await ben.find(
    (frame) => frame.event === "exec.approval.requested" && (frame.payload as { id?: string } | undefined)?.id === "j2",
  );
  await hub.clock.advance(5000);
  t.match(await silence, { id: "j2", decision: null });
});

t.test("questions go to people and come back to whoever asked", async (t) => {
  const { hub, admin } = await connected(t);
  const ben = await approver(t, hub);
  const item = {
    questionId: "q",
    header: "Door",
    question: "Shall it open?",
    options: [{ label: "Yes" }, { label: "No" }],
  };
  const secret = { questionId: "pin", header: "PIN", question: "Which?", options: [], isSecret: true };
  const asked = await admin.call<{ id: string }>("question.request", { questions: [item, secret], sessionKey: "main" });
  t.equal(fits4("QuestionRequestResult", asked), undefined);
  const { id } = asked;
  t.equal(fits4("QuestionGetResult", await ben.call("question.get", { id })), undefined);
  t.equal(fits4("QuestionListResult", await ben.call("question.list", {})), undefined);
  t.match((await ben.event("question.requested")).payload, { id, status: "pending" });
  const waiting = admin.call("question.waitAnswer", { id });
  const answers = { answers: { q: ["Yes"], pin: ["canary-pin"] } };
  for (const [wrong, message] of [
    [{ answers: { q: ["Yes"] } }, /pin has no answer/],
    [{ answers: { q: ["Yes", "No"], pin: ["1"] } }, /takes one answer/],
    [{ answers: { x: ["Yes"] } }, /no question has the id x/],
  ] as const) {
    t.match((await ben.request("question.resolve", { id, answers: wrong })).error, { message });
  }
  t.equal(fits4("QuestionResolveResult", await ben.call("question.resolve", { id, answers })), undefined);
  t.same(await waiting, { status: "answered", answers });
  const told = (await admin.event("question.resolved")).payload;
  t.equal(fits4("QuestionResolvedEvent", told), undefined);
  t.notMatch(
    JSON.stringify([told, await ben.call("question.get", { id })]),
    /canary-pin/,
    "a secret answer is neither kept nor shown",
  );
  t.match((await ben.request("question.resolve", { id, cancel: true })).error, { message: /already answered/ });
  const second = await admin.call<{ id: string }>("question.request", { questions: [item], timeoutMs: 1000 });
  t.match(await ben.call("question.resolve", { id: second.id, cancel: true }), { status: "cancelled" });
  const third = await admin.call<{ id: string }>("question.request", {
    id: "third",
    questions: [item],
    timeoutMs: 1000,
  });
  t.match((await admin.request("question.request", { id: "third", questions: [item] })).error, {
    message: /already in use/,
  });
  const late = admin.call("question.waitAnswer", { id: third.id, timeoutMs: 500 });
  const last = admin.call("question.waitAnswer", { id: third.id });
  await admin.call("question.list", {});
  await hub.clock.advance(500);
  t.same(await late, { status: "pending" });
  await hub.clock.advance(500);
  t.same(await last, { status: "expired" });
  t.match((await ben.request("question.get", { id: "nothing" })).error, { message: /not found/ });
  t.match((await ben.request("question.resolve", { id })).error, { message: /either answers or cancel/ });
});

t.test("the owner has one profile, and preferences that clients keep there", async (t) => {
  const { admin } = await connected(t);
  t.match(await admin.call("users.self", {}), { profile: { id: "gateway-owner", displayName: null, emails: [] } });
  await admin.call("users.setDisplayName", { profileId: "gateway-owner", displayName: "Anna" });
  t.match(await admin.call("users.list", {}), { profiles: [{ displayName: "Anna" }] });
  t.match((await admin.request("users.setDisplayName", { profileId: "x", displayName: "B" })).error, {
    message: /no profile/,
  });
  t.same(await admin.call("users.prefs.set", { entries: { "ui.theme": "claw" } }), { status: "ok" });
  t.match((await admin.event("users.prefs.changed")).payload, { profileId: "gateway-owner", keys: ["ui.theme"] });
  t.same(await admin.call("users.prefs.get", {}), { status: "ok", entries: { "ui.theme": "claw" } });
});
