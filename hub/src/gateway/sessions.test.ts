import t from "tap";
import { testRuns } from "../agent/testing.ts";
import { v3Schemas, v4Schemas } from "./conformance.ts";
import { operator, testGateway } from "./testing.ts";

const fits3 = v3Schemas();
const fits4 = v4Schemas();
const TODAY = { params: { minProtocol: 4, maxProtocol: 4 }, scopes: ["operator.admin"] };

async function connected(t: Parameters<typeof testGateway>[0]) {
  const { runs, sessions } = await testRuns(t, async ({ message }, out) => {
    out.text(`re: ${message}`);
    return {};
  });
  const hub = await testGateway(t, { runs, sessions });
  const client = await operator(t, hub, TODAY);
  const say = async (sessionKey: string, message: string) => {
    const { runId } = await client.call<{ runId: string }>("sessions.send", { key: sessionKey, message });
    await client.call("agent.wait", { runId });
    return runId;
  };
  return { hub, runs, sessions, client, say };
}

t.test("a session is made, named, listed, looked at and found", async (t) => {
  const { client, say, hub } = await connected(t);
  const made = await client.call("sessions.create", { label: "Office", agentId: "main", thinkingLevel: "low" });
  t.equal(fits4("SessionsCreateResult", made), undefined);
  const { key } = made as { key: string };
  await say(key, "please remember the milk");
  const patched = await client.call("sessions.patch", { key, pinned: true, verboseLevel: "on", label: null });
  t.match(patched, { ok: true, key, entry: { thinkingLevel: "low", verboseLevel: "on" } });
  await client.call("sessions.patch", { key, label: "Study" });
  const list = await client.call<{ sessions: unknown[] }>("sessions.list", {
    ...{ includeDerivedTitles: true, includeLastMessage: true, search: "MILK", limit: 5 },
  });
  t.match(list, { count: 1, totalCount: 1, hasMore: false, defaults: { modelProvider: "barnacle" } });
  t.match(list.sessions[0], {
    ...{ key, label: "Study", derivedTitle: "please remember the milk", pinned: true, thinkingLevel: "low" },
    ...{ lastMessagePreview: "re: please remember the milk", unread: true, kind: "direct", status: "done" },
  });
  t.equal(fits4("SessionRow", list.sessions[0]), undefined);
  t.match(await client.call("sessions.describe", { key }), { session: { key } });
  t.match(await client.call("sessions.describe", { key: "nothing" }), { session: null });
  t.match(await client.call("sessions.get", { key }), { messages: [{ role: "user" }, { role: "assistant" }] });
  t.match(await client.call("sessions.preview", { keys: [key, "nothing"] }), {
    previews: [
      { key, status: "ok", items: [{ role: "user", text: "please remember the milk" }, { role: "assistant" }] },
      { key: "nothing", status: "missing", items: [] },
    ],
  });
  const found = await client.call("sessions.search", { query: "milk" });
  t.equal(fits4("SessionsSearchResult", found), undefined);
  t.match(found, { results: [{ sessionKey: key }] });
  await client.call("sessions.patch", { key, unread: false });
  t.match(await client.call("sessions.describe", { key }), { session: { unread: false } });
  const old = await operator(t, hub);
  t.match(await old.call("sessions.list", { limit: 1 }), { ts: Number, path: String, count: 1, sessions: [{ key }] });
});

t.test("resolve takes one of key, id or label", async (t) => {
  const { client } = await connected(t);
  await client.call("sessions.create", { key: "a", label: "One" });
  const byLabel = await client.call("sessions.resolve", { label: "One" });
  t.equal(fits4("SessionsResolveResult", byLabel), undefined);
  t.match(byLabel, { ok: true, key: "agent:main:a" });
  t.match(await client.call("sessions.resolve", { key: "zzz", allowMissing: true }), { ok: false });
  for (const [params, message] of [
    [{ key: "zzz" }, /No session found: zzz/],
    [{ key: "a", label: "One" }, /Provide either key, sessionId, or label/],
    [{}, /is required/],
  ] as const) {
    t.match((await client.request("sessions.resolve", params)).error, { message });
  }
});

t.test("reset, compact and delete put transcripts aside; what is set stays", async (t) => {
  const { client, hub, say, sessions } = await connected(t);
  await client.call("sessions.patch", { key: "main", thinkingLevel: "high" });
  for (const text of ["one", "two", "three"]) await say("main", text);
  const compacted = await client.call("sessions.compact", { key: "main", maxLines: 2 });
  t.match(compacted, { ok: true, compacted: true, kept: 2, archived: /compacted/ });
  t.equal(sessions.history("main", { limit: 10 }).total, 2);
  t.match(await client.call("sessions.compact", { key: "main" }), { compacted: false, reason: "only 2 messages" });
  const before = sessions.get("main")?.sessionId;
  const reset = await client.call("sessions.reset", { key: "main" });
  t.match(reset, { ok: true, key: "agent:main:main", entry: { thinkingLevel: "high", totalTokens: 0 } });
  t.not(sessions.get("main")?.sessionId, before);
  t.equal(sessions.history("main", { limit: 10 }).total, 0);
  const kept = await client.request("sessions.delete", { key: "main" });
  t.match(kept.error, { message: "Cannot delete the main session (agent:main:main)." });
  await say("side", "x");
  const gone = await client.call("sessions.delete", { key: "side" });
  t.equal(fits4("SessionsDeleteResult", gone), undefined);
  t.match(gone, { deleted: true, archived: [/deleted/] });
  t.match(await client.call("sessions.delete", { key: "side" }), { deleted: false, archived: [] });
  await client.call("sessions.create", { key: "s" });
  await client.call("chat.inject", { sessionKey: "s", message: "canary", label: "canary" });
  const records = (await hub.audit.list()).filter(({ kind }) => kind === "config");
  t.match(
    records.map(({ subject, data }) => [subject, data.params]),
    [
      ["sessions.compact", { session: "main" }],
      ["sessions.compact", { session: "main" }],
      ["sessions.reset", { session: "main" }],
      ["sessions.delete", { session: "main" }],
      ["sessions.delete", { session: "side" }],
      ["sessions.delete", { session: "side" }],
      ["chat.inject", { session: "s" }],
    ],
  );
  t.notMatch(JSON.stringify(records), /canary/, "what was written is not on record");
});

t.test("bad settings and taken labels are refused by name", async (t) => {
  const { client, hub } = await connected(t);
  await client.call("sessions.patch", { key: "a", label: "Mine" });
  for (const [params, message] of [
    [{ key: "b", label: "Mine" }, "label already in use: Mine (session agent:main:a)"],
    [{ key: "b", thinkingLevel: "lots" }, /invalid thinkingLevel "lots": expected off, minimal/],
    [{ key: "agent:UP PER:x" }, /is no agent id/],
    [{ key: "" }, /invalid sessions\.patch params: at \/key/],
  ] as const) {
    t.match((await client.request("sessions.patch", params)).error, { message });
  }
  const writer = await operator(t, hub, { ...TODAY, scopes: ["operator.write"] });
  t.match(await writer.call("sessions.patch", { key: "b", label: "Other" }), { ok: true });
  t.match((await writer.request("sessions.patch", { key: "b", execHost: "gateway" })).error, {
    message: "missing scope: operator.admin",
  });
  const many = await client.call("sessions.patchMany", {
    targets: [{ key: "a" }, { key: "b" }],
    patch: { label: "Same" },
  });
  t.equal(fits4("SessionsPatchManyResult", many), undefined);
  t.match(many, { outcomes: [{ ok: true }, { ok: false, error: { message: /label already in use/ } }] });
});

t.test("sessions.send, steer and abort; a first message with create", async (t) => {
  const { client, say, sessions } = await connected(t);
  const runId = await say("s", "hello");
  t.match(sessions.history("s", { limit: 5 }).messages[0], { runId });
  t.match(await client.call("sessions.steer", { key: "s", message: "instead" }), { ok: true, status: "started" });
  t.match(await client.call("sessions.abort", { key: "nobody" }), { ok: true, status: "no-active-run" });
  t.match((await client.request("sessions.abort", {})).error, { message: "key or runId required" });
  const made = await client.call<{ runId: string }>("sessions.create", { message: "first", idempotencyKey: "c1" });
  t.match(made, { key: "agent:main:chat:c1", runStarted: true, runId: "c1" });
  await client.call("sessions.patch", { key: "quiet", sendPolicy: "deny" });
  t.match(await client.call("sessions.create", { key: "quiet", message: "x" }), {
    runStarted: false,
    runError: { message: "send blocked by session policy" },
  });
  const injected = await client.call("chat.inject", { sessionKey: "s", message: "note", label: "cron" });
  t.match(injected, { ok: true, messageId: String });
  t.match((await client.request("chat.inject", { sessionKey: "nowhere", message: "x" })).error, {
    message: "session not found: agent:main:nowhere",
  });
});

t.test("what clients ask beside: valid answers of nothing, groups, refusals by name", async (t) => {
  const { client } = await connected(t);
  const sessionKey = "main";
  for (const [name, params, schema] of [
    ["sessions.viewers.set", { sessionKeys: ["a"] }, "SessionsViewerPresenceSetResult"],
    ["sessions.observer.visibility", { visible: true }, "SessionsObserverVisibilityResult"],
    ["sessions.companion.state", { sessionKey }, "SessionsCompanionStateResult"],
    ["sessions.branches.list", { sessionKey }, "SessionsBranchesListResult"],
    ["sessions.compaction.list", { key: sessionKey }, "SessionsCompactionListResult"],
    ["sessions.catalog.list", {}, "SessionsCatalogListResult"],
    ["sessions.github.options", { sessionKey }, "SessionGitHubOptionsResult"],
    ["session.members.list", { sessionKey }, "SessionMembersListResult"],
    ["session.members.listEvidence", { sessionKey }, "SessionMembersListEvidenceResult"],
    ["session.discussion.info", { sessionKey }, "SessionDiscussionInfoResult"],
    ["session.suggestions.list", { sessionKey }, "SessionSuggestionsListResult"],
    ["session.visibility.set", { sessionKey, visibility: "shared" }, "SessionVisibilitySetResult"],
    ["session.typing", { sessionKey, sessionId: "x", typing: true }, "SessionTypingResult"],
    ["sessions.title.prepare", { agentId: "main", message: "x" }, "SessionsTitlePrepareResult"],
    ["sessions.groups.defaults", {}, "SessionsGroupsDefaultsResult"],
    ["sessions.groups.put", { names: ["Home", "Work"] }, "SessionsGroupsMutationResult"],
    ["sessions.groups.rename", { name: "Work", to: "Job" }, "SessionsGroupsMutationResult"],
    ["sessions.groups.list", {}, "SessionsGroupsListResult"],
    ["chat.toolTitles", { sessionKey, items: [] }, "ChatToolTitlesResult"],
    ["agents.list", {}, "AgentsListResult"],
    ["agent.identity.get", {}, "AgentIdentityResult"],
    ["models.list", {}, "ModelsListResult"],
    ["commands.list", { includeArgs: true }, "CommandsListResult"],
    ["tools.catalog", {}, "ToolsCatalogResult"],
    ["tools.effective", { sessionKey }, "ToolsEffectiveResult"],
    ["tools.invoke", { name: "home_list", args: {} }, "ToolsInvokeResult"],
    ["tools.invoke", { name: "nothing" }, "ToolsInvokeResult"],
  ] as const) {
    const answer = await client.call(name, params);
    t.equal(fits4(schema, answer), undefined, name);
  }
  t.match(await client.call("sessions.groups.list"), { groups: [{ name: "Home" }, { name: "Job", position: 1 }] });
  await client.call("sessions.patch", { key: "a", category: "Home" });
  t.match(await client.call("sessions.groups.delete", { name: "Home" }), { updatedSessions: 1 });
  t.match((await client.request("sessions.groups.delete", { name: "Home" })).error, { message: /no group/ });
  t.match(await client.call("sessions.usage.timeseries", { key: "a" }), { points: [] });
  t.match(await client.call("sessions.messages.subscribe", { key: "a", includeApprovals: true }), {
    approvalReplay: { sessionKey: "agent:main:a", approvals: [] },
  });
  t.match(await client.call("sessions.messages.unsubscribe", { key: "a" }), { subscribed: false });
  t.match(await client.call("health"), { sessions: { count: 1, recent: [{ key: "agent:main:a" }] } });
  t.match(await client.call("sessions.usage"), { sessions: [{ key: "agent:main:a" }], totals: { totalTokens: 0 } });
  t.match((await client.request("sessions.usage.logs", { key: "zzz" })).error, { message: /No transcript found/ });
  t.match((await client.request("sessions.fork", { sessionKey: "a" })).error, { message: /not supported here/ });
  t.match(await client.call("models.authStatus"), { providers: [] });
});

t.test("what January's clients read of agents and models fits their schemas", async (t) => {
  const { hub } = await connected(t);
  const old = await operator(t, hub);
  const { defaultId, mainKey, scope, agents } = await old.call<Record<string, unknown>>("agents.list", {});
  const [{ id, name, identity }] = agents as [Record<string, unknown>];
  t.equal(fits3("AgentsListResult", { defaultId, mainKey, scope, agents: [{ id, name, identity }] }), undefined);
  t.match(await old.call("agent.identity.get", { sessionKey: "main" }), { agentId: "main", name: "Test", avatar: "T" });
  const { models } = await old.call<{ models: Record<string, unknown>[] }>("models.list", {});
  for (const { id, name, provider, reasoning, contextWindow } of models) {
    t.equal(fits3("ModelChoice", { id, name, provider, reasoning, contextWindow }), undefined);
  }
});
