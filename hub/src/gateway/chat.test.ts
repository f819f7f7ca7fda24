import { setImmediate as turn } from "node:timers/promises";
import { generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import type { Ask, Output } from "../agent/index.ts";
import { testRuns } from "../agent/testing.ts";
import { v3Schemas, v4Schemas } from "./conformance.ts";
import { open, operator, type RawClient, TOKEN, testGateway } from "./testing.ts";

const fits3 = v3Schemas();
const fits4 = v4Schemas();
const V4 = { minProtocol: 4, maxProtocol: 4 };
const TODAY = { params: V4, scopes: ["operator.admin"] };
const KEY = "agent:main:main";

/** A gateway whose runs are real; the test answers them. */
async function chatting(t: Parameters<typeof testGateway>[0], respond: (ask: Ask, out: Output) => Promise<object>) {
  const { runs, sessions, clock } = await testRuns(t, respond as never);
  const hub = await testGateway(t, { runs, sessions });
  return { hub, runs, sessions, runClock: clock };
}

const hello = async ({ message }: Ask, out: Output) => {
  out.text("Hello ");
  out.text(message);
  return { usage: { input: 3, output: 2, total: 5 } };
};

t.test("chat.send: events as both generations read them, then history", async (t) => {
  const { hub } = await chatting(t, hello);
  const client = await operator(t, hub, TODAY);
  const ack = await client.call("chat.send", { sessionKey: "main", message: "you", idempotencyKey: "k1" });
  t.strictSame(ack, { runId: "k1", status: "started" });
  const final = await client.find(
    (frame) => frame.event === "chat" && (frame.payload as unknown as Chat).state === "final",
  );
  t.match(final.payload, { runId: "k1", sessionKey: KEY, stopReason: "stop", usage: { input: 3 } });
  const events = client.frames.filter(({ event }) => event === "chat" || event === "agent");
  for (const { event, payload } of events) {
    t.equal(fits4(event === "chat" ? "ChatEvent" : "AgentEvent", eventBody(event, payload)), undefined);
    t.equal(fits3(event === "chat" ? "ChatEvent" : "AgentEvent", olderBody(event, payload)), undefined);
  }
  const history = await client.call<Chat>("chat.history", { sessionKey: "main" });
  t.match(history, {
    sessionKey: "main",
    messages: [
      {
        role: "user",
        content: [{ type: "text", text: "you" }],
        __openclaw: { seq: 1, runId: "k1", idempotencyKey: "k1:user" },
      },
      { role: "assistant", content: [{ type: "text", text: "Hello you" }], stopReason: "stop", usage: { input: 3 } },
    ],
    ...{ hasMore: false, totalMessages: 2, pendingInputs: { items: [], total: 0 } },
    sessionInfo: { key: KEY, isMain: true, unread: true, hasActiveRun: false, inputTokens: 3 },
  });
  t.equal(fits4("SessionRow", history.sessionInfo), undefined);
  const again = await client.call("chat.send", { sessionKey: "main", message: "you", idempotencyKey: "k1" });
  t.strictSame(again, { runId: "k1", status: "ok" });
});

t.test("a client of protocol 3 hears of the session by the name that it uses", async (t) => {
  const { hub } = await chatting(t, hello);
  const old = await operator(t, hub);
  const today = await operator(t, hub, TODAY);
  await old.call("chat.send", { sessionKey: "main", message: "x", idempotencyKey: "k" });
  const isFinal = (frame: { event?: string; payload?: unknown }) =>
    frame.event === "chat" && (frame.payload as unknown as Chat).state === "final";
  t.equal(((await old.find(isFinal)).payload as unknown as Chat).sessionKey, "main");
  t.equal(((await today.find(isFinal)).payload as unknown as Chat).sessionKey, KEY);
  t.equal((await old.call<Chat>("chat.history", { sessionKey: "main" })).sessionKey, "main");
});

t.test("a cursor gives what came since, and says when there is no since", async (t) => {
  const { hub, sessions } = await chatting(t, hello);
  const client = await operator(t, hub, TODAY);
  const say = async (message: string) => {
    const params = { message, sessionKey: KEY, idempotencyKey: message };
    await client.call("agent", params);
    await client.call("agent.wait", { runId: message });
  };
  await say("one");
  const first = await client.call<Chat>("chat.startup", { sessionKey: KEY, limit: 1 });
  t.match(first, {
    hasMore: true,
    nextOffset: 1,
    metadata: { commands: [{ name: "help" }], models: [{ id: "home" }] },
  });
  t.equal(fits4("CommandsListResult", { commands: first.metadata?.commands }), undefined);
  await say("two");
  const delta = await client.call<Chat>("chat.history", { sessionKey: KEY, cursor: first.deltaCursor });
  t.equal(fits4("ChatHistoryCursorResult", delta), undefined);
  t.equal(delta.messages?.length, 2);
  const got = await client.call("chat.message.get", { sessionKey: KEY, messageId: delta.messages?.[0]?.__openclaw.id });
  t.match(got, { ok: true, message: { role: "user" } });
  t.match(await client.call("chat.message.get", { sessionKey: KEY, messageId: "nothing" }), {
    ok: false,
    unavailableReason: "not_found",
  });
  await sessions.reset("main", "reset");
  const since = await client.call("chat.history", { sessionKey: KEY, cursor: delta.deltaCursor });
  t.strictSame(since, { kind: "reset" });
  const short = await client.call<Chat>("chat.history", { sessionKey: "agent:main:new" });
  t.match(short, { messages: [], totalMessages: 0, sessionInfo: { key: "agent:main:new" } });
});

t.test("agent answers twice under one id, and agent.wait knows the end", async (t) => {
  const { hub } = await chatting(t, hello);
  const client = await operator(t, hub, TODAY);
  const params = { message: "hi", sessionId: "s1", idempotencyKey: "run-1" };
  const first = await client.request("agent", params);
  t.match(first.payload, { runId: "run-1", status: "accepted", agentId: "main" });
  const isFinal = (frame: { type: string; id?: string; payload?: unknown }) =>
    frame.type === "res" && frame.id === first.id && (frame.payload as unknown as Chat)?.status !== "accepted";
  t.match((await client.find(isFinal)).payload, {
    ...{ runId: "run-1", status: "ok", summary: "completed" },
    result: { payloads: [{ text: "Hello hi" }], meta: { agentMeta: { sessionId: "s1", usage: { total: 5 } } } },
  });
  t.match(await client.call("agent.wait", { runId: "run-1" }), { runId: "run-1", status: "ok" });
  const unknown = client.call("agent.wait", { runId: "never", timeoutMs: 5 });
  let answered = false;
  void unknown.then(() => {
    answered = true;
  });
  while (!answered) {
    await hub.clock.advance(5);
    await turn();
  }
  t.match(await unknown, { runId: "never", status: "timeout" });
  const early = client.call("agent.wait", { runId: "run-2", timeoutMs: 60_000 });
  await client.call("health");
  await client.request("agent", { message: "hi", sessionId: "s2", idempotencyKey: "run-2" });
  t.match(await early, { runId: "run-2", status: "ok" }, "without the clock: it ends with the run");
  const timers = hub.clock.pending;
  const leaving = await operator(t, hub, TODAY);
  leaving.sendRaw(
    JSON.stringify({ type: "req", id: "w", method: "agent.wait", params: { runId: "x", timeoutMs: 60_000 } }),
  );
  while (hub.clock.pending === timers) await turn();
  await leaving.close();
  while (hub.clock.pending > timers) await turn();
  t.equal(hub.clock.pending, timers, "whoever leaves leaves no timer");
  t.match(await client.call("sessions.resolve", { sessionId: "s1" }), { ok: true, key: "agent:main:explicit:s1" });
  const nobody = await client.request("agent", { ...params, idempotencyKey: "run-2", agentId: "nobody" });
  t.match(nobody.error, { message: 'unknown agent id "nobody"' });
});

t.test("a failed run is a second answer that is an error", async (t) => {
  const { hub } = await chatting(t, async () => {
    throw new TypeError("broken");
  });
  const client = await operator(t, hub, TODAY);
  const first = await client.request("agent", { message: "hi", idempotencyKey: "bad" });
  const second = await client.find((frame) => frame.type === "res" && frame.id === first.id && frame.ok === false);
  t.match(second.error, { details: { runId: "bad" } });
  t.match(await client.call("agent.wait", { runId: "bad" }), { status: "error" });
  const repeated = await client.request("chat.send", { sessionKey: "main", message: "hi", idempotencyKey: "bad" });
  t.equal(repeated.ok, false, "the stored error");
});

t.test("chat.abort ends a run of its own session only", async (t) => {
  const { hub, runs } = await chatting(t, ({ signal }) => new Promise((_, no) => signal.addEventListener("abort", no)));
  const client = await operator(t, hub, TODAY);
  await client.call("chat.send", { sessionKey: "main", message: "long", idempotencyKey: "r" });
  while (runs.underWay("main") === undefined) await turn();
  const wrong = await client.request("chat.abort", { sessionKey: "other", runId: "r" });
  t.match(wrong.error, { message: "runId does not match sessionKey" });
  const waiting = await client.call("chat.send", { sessionKey: "main", message: "next", idempotencyKey: "w" });
  t.match(waiting, { status: "started" });
  t.match(await client.call("chat.send", { sessionKey: "main", message: "next", idempotencyKey: "w" }), {
    status: "in_flight",
  });
  t.match(await client.call("chat.history", { sessionKey: "main" }), {
    inFlightRun: { runId: "r", text: "" },
    pendingInputs: { total: 1, items: [{ runId: "w", state: "queued" }] },
    sessionInfo: { status: "running", activeRunIds: ["r", "w"] },
  });
  const aborted = await client.call<Chat>("chat.abort", { sessionKey: "main" });
  t.match(aborted, { ok: true, aborted: true });
  t.strictSame(aborted.runIds, ["r", "w"]);
  t.match(await client.call("chat.abort", { sessionKey: "main" }), { aborted: false, runIds: [] });
});

t.test("who hears: subscriptions, tools and session-scoped clients", async (t) => {
  const { hub } = await chatting(t, async (_ask, out) => {
    out.tool({ phase: "start", name: "home_list", toolCallId: "c", args: {} });
    out.text("done");
    return {};
  });
  const plain = await operator(t, hub, TODAY);
  const watcher = await operator(t, hub, { ...TODAY, params: { ...V4, caps: ["tool-events"] } });
  const scoped = await operator(t, hub, { ...TODAY, params: { ...V4, caps: ["session-scoped-events"] } });
  t.match(await watcher.call("sessions.subscribe", {}), { subscribed: true });
  t.match(await watcher.call("sessions.subscribe", { limit: 5 }), { list: { count: 0 } });
  t.match(await scoped.call("sessions.messages.subscribe", { key: "mine" }), { key: "agent:main:mine" });
  for (const [sessionKey, key] of [
    ["main", "a"],
    ["mine", "b"],
  ]) {
    await plain.call("chat.send", { sessionKey, message: "x", idempotencyKey: key });
    await plain.find((frame) => isChat(frame, "final", key));
  }
  await scoped.find((frame) => isChat(frame, "final", "b"));
  const streams = (client: RawClient) =>
    new Set(
      client.frames.flatMap(({ event, payload }) => (event === "agent" ? [(payload as unknown as Chat).stream] : [])),
    );
  t.notOk(streams(plain).has("tool"));
  t.ok(streams(watcher).has("tool"));
  t.notOk(
    scoped.frames.some((frame) => isChat(frame, "final", "a")),
    "another session",
  );
  const events = new Set(watcher.frames.map(({ event }) => event));
  t.ok(events.has("session.message") && events.has("sessions.changed"));
  t.notOk(plain.frames.some(({ event }) => event === "sessions.changed"));
  t.ok(scoped.frames.some(({ event }) => event === "session.message"));
  const rows = watcher.frames.flatMap(({ event, payload }) =>
    event === "sessions.changed" ? [payload as unknown as { reason: string; session: { hasActiveRun: boolean } }] : [],
  );
  t.strictSame(
    rows.filter(({ reason }) => reason.startsWith("run-")).map(({ session }) => session.hasActiveRun),
    [true, false, true, false],
    "who watches the list sees when a session is at rest",
  );
  await watcher.call("sessions.unsubscribe");
});

t.test("a node hears of the sessions that it subscribed to, each event once", async (t) => {
  const { hub } = await chatting(t, hello);
  const client = await operator(t, hub, TODAY);
  const node = open(t, hub);
  const about = { id: "node-host", mode: "node", displayName: "Shed" };
  await node.connect({ identity: generateIdentity(), role: "node", client: about, params: { ...V4, minProtocol: 3 } });
  await client.call("chat.send", { sessionKey: "main", message: "before", idempotencyKey: "k0" });
  await client.find((frame) => isChat(frame, "final", "k0"));
  await node.call("node.event", { event: "chat.subscribe", payload: { sessionKey: KEY } });
  for (const [sessionKey, idempotencyKey] of [
    ["other", "k1"],
    [KEY, "k2"],
  ]) {
    await client.call("chat.send", { sessionKey, message: "x", idempotencyKey });
    await client.find((frame) => isChat(frame, "final", idempotencyKey));
  }
  await node.find((frame) => isChat(frame, "final", "k2"));
  const heard = node.frames.flatMap(({ event, payload }) =>
    event === "chat" && (payload as unknown as Chat).state === "final" ? [(payload as unknown as Chat).runId] : [],
  );
  t.strictSame(heard, ["k2"]);
  await node.call("node.event", { event: "chat.unsubscribe", payload: { sessionKey: KEY } });
  await client.call("chat.send", { sessionKey: KEY, message: "x", idempotencyKey: "k3" });
  await client.find((frame) => isChat(frame, "final", "k3"));
  await node.call("node.event", { event: "anything", payload: {} });
  t.notOk(node.frames.some((frame) => isChat(frame, "final", "k3")));
});

t.test("attachments are pictures, whatever they are called", async (t) => {
  const seen: unknown[] = [];
  const { hub } = await chatting(t, async ({ attachments }, out) => {
    seen.push(attachments);
    out.text("nice");
    return {};
  });
  const client = await operator(t, hub, TODAY);
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 1, 2]).toString("base64");
  const send = (attachments: unknown[], idempotencyKey: string) =>
    client.request("chat.send", { sessionKey: "main", message: "", attachments, idempotencyKey });
  t.equal((await send([{ mimeType: "x", content: `data:image/jpeg;base64,${png}` }], "p")).ok, true);
  await client.find((frame) => isChat(frame, "final", "p"));
  t.match(seen, [[{ mimeType: "image/png", content: png }]]);
  t.match((await send([{ fileName: "a.txt", content: "aGVsbG8=" }], "q")).error, {
    message: /a\.txt: it is not an image/,
  });
  t.match((await send([{ content: "***" }], "q")).error, { message: /attachment 1: its content is not base64/ });
  t.match((await send([], "q")).error, { message: "message or attachment required" });
});

t.test("an operator without the scope may read but not write", async (t) => {
  const { hub } = await chatting(t, hello);
  const reader = await operator(t, hub, {
    identity: generateIdentity(),
    scopes: ["operator.read"],
    token: TOKEN,
    params: V4,
  });
  t.match(await reader.call("chat.history", { sessionKey: "main" }), { messages: [] });
  const refused = await reader.request("chat.send", { sessionKey: "main", message: "x", idempotencyKey: "k" });
  t.match(refused.error, { code: "FORBIDDEN", message: "missing scope: operator.write" });
});

interface Chat {
  readonly state?: string;
  readonly runId?: string;
  readonly runIds?: string[];
  readonly status?: string;
  readonly stream?: string;
  readonly sessionKey?: string;
  readonly sessionInfo?: unknown;
  readonly deltaCursor?: string;
  readonly messages?: { __openclaw: { id: string } }[];
  readonly metadata?: { commands: unknown; models: unknown };
}

function isChat(frame: { event?: string; payload?: unknown }, state: string, runId: unknown): boolean {
  const payload = frame.payload as Chat | undefined;
  return frame.event === "chat" && payload?.state === state && payload.runId === runId;
}

/** The published agent schema knows the common members; the program itself sends the session's too. */
function eventBody(event: string | undefined, payload: unknown): unknown {
  if (event !== "agent") return payload;
  const { sessionKey: _k, sessionId: _s, agentId: _a, ...body } = payload as Record<string, unknown>;
  return body;
}

/** Members that came after protocol 3 are read over by its clients; its schema is closed. */
function olderBody(event: string | undefined, payload: unknown): unknown {
  const { agentId: _a, deltaText: _d, ...chat } = payload as Record<string, unknown>;
  return event === "agent" ? eventBody(event, payload) : chat;
}
