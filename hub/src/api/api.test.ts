import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import t from "tap";
import { Agents, type Ask, Models, type Output, Toolbox, tool } from "../agent/index.ts";
import { testRuns } from "../agent/testing.ts";
import type { HooksConfig } from "../config/agent.ts";
import { MemoryCounters } from "../counters.ts";
import { HttpServer } from "../http/index.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { ApiRoutes } from "./index.ts";

const TOKEN = "the-token-of-the-gateway";
const HOOK = "the-token-of-the-hooks";

const echo = async (ask: Ask, out: Output): Promise<object> => {
  for (const word of ["You ", "said ", ask.message]) out.text(word);
  return { usage: { input: 4, output: 3, total: 7 } };
};

const lamp = tool({
  name: "lamp",
  label: "Lamp",
  description: "Switches the lamp.",
  parameters: Type.Object({ on: Type.Boolean() }),
  run: async ({ on }) => {
    if (!on) throw new BarnacleError("POLICY_DENIED", "the lamp stays on");
    return { lit: on };
  },
});

async function served(
  t: Parameters<typeof testRuns>[0],
  respond: (ask: Ask, out: Output) => Promise<object> = echo,
  hooks: Partial<HooksConfig> = {},
) {
  const woken: string[] = [];
  const picture = path.join(temporaryDirectory(t), "face.png");
  mkdirSync(path.dirname(picture), { recursive: true });
  writeFileSync(picture, Buffer.from("89504e470d0a1a0a00", "hex"));
  const secret = path.join(path.dirname(picture), "secret.txt");
  writeFileSync(secret, "not a picture");
  const agents = new Agents({
    profiles: [
      { id: "main", avatar: picture },
      { id: "spy", avatar: secret },
      { id: "web", avatar: "https://example.org/a.png" },
      { id: "plain" },
    ],
    hubName: "Test",
  });
  const { runs, sessions, clock } = await testRuns(t, respond as never, { agents });
  const api = new ApiRoutes({
    ...{ runs, sessions, agents, models: new Models({ models: [] }), clock, random: seededRandom(3), log: silentLog },
    toolbox: new Toolbox([{ tools: () => [lamp] }]),
    heartbeats: { wake: (reason, key) => woken.push(`${reason} ${key}`) },
    ...{ secrets: [TOKEN], hooks: { path: "/hooks", mappings: [], ...hooks } },
  });
  const http = new HttpServer({
    ...{ host: "127.0.0.1", port: 0, hubName: "Test", version: "0", devices: {} as never, isReady: () => true },
    ...{ gateway: { handleUpgrade() {}, async stop() {} }, routes: [api] },
    ...{ counters: new MemoryCounters(), clock, log: silentLog },
  });
  await http.start();
  t.teardown(() => http.stop());
  const call = async (way: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${http.port}${way}`, {
      ...(body === undefined ? {} : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }),
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json", ...headers },
    });
    const text = await response.text();
    const json = text.startsWith("{") ? (JSON.parse(text) as Record<string, never>) : {};
    return { status: response.status, text, json, headers: response.headers };
  };
  return { call, runs, sessions, clock, woken, port: http.port };
}

/** Data lines of a stream. */
const events = (text: string): string[] =>
  text.split("\n").flatMap((line) => (line.startsWith("data: ") ? [line.slice(6)] : []));
const ask = (content: unknown, more: object = {}) => ({
  model: "openclaw",
  messages: [{ role: "user", content }],
  ...more,
});

t.test("chat completions: whole, for an assistant and a session named in the ways of every brand", async (t) => {
  const { call, sessions } = await served(t);
  const { status, json } = await call("/v1/chat/completions", ask("hello"));
  t.equal(status, 200);
  t.match(json, {
    object: "chat.completion",
    model: "openclaw",
    choices: [{ message: { role: "assistant", content: "You said hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 4, completion_tokens: 3, total_tokens: 7 },
  });
  await call("/v1/chat/completions", ask("a", { model: "openclaw:spy", user: "anna" }));
  t.ok(sessions.get("agent:spy:openai-user:anna"));
  const named = { "x-moltbot-agent-id": "plain", "x-clawdbot-session-key": "mine" };
  await call("/v1/chat/completions", ask("b"), named);
  t.ok(sessions.get("agent:plain:mine"));
  t.match((await call("/v1/chat/completions", ask("c", { model: "agent:nobody" }))).json, {
    error: { message: 'unknown agent id "nobody"', code: "NOT_FOUND" },
  });
  t.match((await call("/v1/chat/completions", ask("c", { model: "gpt-9" }))).json, {
    error: { message: /no model "gpt-9"; there are: openclaw:main/ },
  });
});

t.test("chat completions: streamed, with usage where it is asked for", async (t) => {
  const { call } = await served(t);
  const wanted = { stream: true, stream_options: { include_usage: true } };
  const { text, headers } = await call("/v1/chat/completions", ask("hi", wanted));
  t.match(headers.get("content-type"), /text\/event-stream/);
  const data = events(text);
  t.equal(data.at(-1), "[DONE]");
  const chunks = data.slice(0, -1).map((line) => JSON.parse(line));
  t.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), "You said hi");
  t.match(chunks.at(-2), { object: "chat.completion.chunk", choices: [{ delta: {}, finish_reason: "stop" }] });
  t.match(chunks.at(-1), { choices: [], usage: { total_tokens: 7 } });
});

t.test("what came before goes along; pictures as data; addresses are not fetched", async (t) => {
  const seen: Ask[] = [];
  const { call } = await served(t, async (given, out) => {
    seen.push(given);
    return echo(given, out);
  });
  const messages = [
    { role: "system", content: "Be kind." },
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    {
      role: "user",
      content: [
        { type: "text", text: "look" },
        { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      ],
    },
  ];
  await call("/v1/chat/completions", { messages });
  t.match(seen[0], {
    ...{ message: "look", source: "http", attachments: [{ mimeType: "image/png", content: "AAAA" }] },
    extraSystemPrompt: "Be kind.\n\nEarlier in this conversation:\nuser: one\nassistant: two",
    principal: { kind: "operator", scopes: ["operator.write"] },
  });
  const url = [{ type: "image_url", image_url: { url: "http://127.0.0.1:1/x.png" } }];
  t.match((await call("/v1/chat/completions", ask(url))).json, { error: { message: /data:image/ } });
  t.match((await call("/v1/chat/completions", { messages: [{ role: "system", content: "x" }] })).json, {
    error: { message: /at least one of role user/, type: "invalid_request_error" },
  });
  t.match((await call("/v1/chat/completions", "{")).json, { error: { type: "invalid_request_error" } });
});

t.test("a failure is named, also when the stream has begun; who goes away ends the run", async (t) => {
  const { call, runs, port } = await served(t, async ({ message, signal }, out) => {
    out.text("well ");
    if (message === "wait") await new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
    throw new BarnacleError("LLM_UNREACHABLE", "nobody is there");
  });
  const whole = await call("/v1/chat/completions", ask("x"));
  t.equal(whole.status, 502);
  t.match(whole.json, { error: { message: "nobody is there", type: "api_error", code: "LLM_UNREACHABLE" } });
  const data = events((await call("/v1/chat/completions", ask("x", { stream: true }))).text);
  t.match(JSON.parse(data.at(-2) ?? ""), { error: { message: "nobody is there" } });
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    ...{ method: "POST", signal: leaving.signal, body: JSON.stringify(ask("wait", { stream: true })) },
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
  });
  t.ok(response.ok);
  while (runs.active().length === 0) await turn();
  leaving.abort();
  while (runs.active().length > 0) await turn();
  t.pass("the run ended with its caller");
});

t.test("models, by list and by name", async (t) => {
  const { call } = await served(t);
  const { json } = await call("/v1/models");
  const ids = (json as unknown as { data: { id: string }[] }).data.map(({ id }) => id);
  t.same(ids, ["openclaw:main", "openclaw:spy", "openclaw:web", "openclaw:plain", "barnacle/home"]);
  t.match((await call("/v1/models/barnacle/home")).json, { id: "barnacle/home", object: "model" });
  t.equal((await call("/v1/models/other")).status, 404);
});

t.test("responses: text in, text out, whole and as events", async (t) => {
  const { call } = await served(t);
  const body = {
    model: "openclaw:main",
    instructions: "Be brief.",
    input: [{ role: "user", content: [{ type: "input_text", text: "hey" }] }],
  };
  t.match((await call("/v1/responses", body)).json, {
    ...{ object: "response", status: "completed", output_text: "You said hey" },
    output: [{ type: "message", content: [{ type: "output_text", text: "You said hey" }] }],
    usage: { input_tokens: 4, output_tokens: 3 },
  });
  const { text } = await call("/v1/responses", { input: "hey", stream: true });
  const data = events(text);
  t.equal(data.at(-1), "[DONE]");
  const types = data.slice(0, -1).map((line) => (JSON.parse(line) as { type: string }).type.replace("response.", ""));
  t.same(types, [
    ..."created in_progress output_item.added content_part.added output_text.delta output_text.delta output_text.delta".split(
      " ",
    ),
    ..."output_text.done content_part.done output_item.done completed".split(" "),
  ]);
  t.match((await call("/v1/responses", { input: "x", tools: [{}] })).json, {
    error: { message: /tools of the caller/ },
  });
  t.match((await call("/v1/responses", { input: [{ type: "item_reference", id: "x" }] })).json, {
    error: { message: /item_reference/ },
  });
});

t.test("tools are called, and say what was wrong", async (t) => {
  const { call } = await served(t);
  t.match((await call("/tools/invoke", { tool: "lamp", args: { on: true } })).json, {
    ok: true,
    result: { details: { lit: true } },
  });
  t.match((await call("/tools/invoke", { tool: "lamp", args: { on: true }, dryRun: true })).json, {
    result: { details: { dryRun: true } },
  });
  const denied = await call("/tools/invoke", { tool: "lamp", args: { on: false } });
  t.equal(denied.status, 400);
  t.match(denied.json, { ok: false, error: { type: "tool_error", code: "POLICY_DENIED" } });
  t.match((await call("/tools/invoke", { tool: "lamp", args: {} })).json, { error: { message: /arguments of lamp/ } });
  const missing = await call("/tools/invoke", { tool: "nothing" });
  t.equal(missing.status, 404);
  t.match(missing.json, { ok: false, error: { type: "not_found" } });
});

t.test("without the token nothing is told, and who guesses is slowed down", async (t) => {
  const { call, clock } = await served(t);
  for (const way of ["/v1/models", "/tools/invoke", "/v1/chat/completions", "/v1/responses"]) {
    const { status, json } = await call(way, way === "/v1/models" ? undefined : {}, { authorization: "Bearer wrong" });
    t.equal(status, 401);
    t.strictSame(json, { error: { message: "Unauthorized", type: "unauthorized" } });
  }
  let status = 401;
  let retryAfter: string | null = null;
  for (let n = 0; n < 20 && status === 401; n++) {
    const answer = await call("/v1/models", undefined, { authorization: "Bearer wrong" });
    status = answer.status;
    retryAfter = answer.headers.get("retry-after");
  }
  t.equal(status, 429);
  t.ok(Number(retryAfter) > 0);
  t.equal((await call("/v1/models")).status, 200, "the right token is let in all the same");
  await clock.advance(60_000);
  t.equal((await call("/v1/models", undefined, { authorization: "" })).status, 401);
});

t.test("hooks wake and give messages, as a principal of their own, once per key", async (t) => {
  const seen: Ask[] = [];
  const respond = async (given: Ask, out: Output) => {
    seen.push(given);
    return echo(given, out);
  };
  const mappings = [
    {
      path: "post",
      action: "agent" as const,
      text: "Mail from {{payload.from.name}}: {{subject}}{{nothing}}",
      sessionKey: "mail:{{from.id}}",
    },
    { path: "door", action: "wake" as const, text: "Door: {{state}}" },
  ];
  const { call, sessions, woken, runs } = await served(t, respond, { token: HOOK, mappings });
  const auth = { authorization: `Bearer ${HOOK}` };
  t.match((await call("/hooks/wake", { text: "rain" }, auth)).json, { ok: true, mode: "now" });
  t.same(sessions.systemEvents("main"), ["rain"]);
  t.match(
    (
      await call(
        "/hooks/wake",
        { text: "sun", mode: "next-heartbeat" },
        { authorization: "", "x-openclaw-token": HOOK },
      )
    ).json,
    { ok: true },
  );
  t.same(
    woken,
    ["hook agent:main:main"].map(() => "hook main"),
  );
  const given = { message: "check", name: "CI", wakeMode: "next-heartbeat" };
  const first = await call("/hooks/agent", given, { ...auth, "idempotency-key": "k" });
  t.equal(first.status, 202);
  const again = await call("/hooks/agent", given, { ...auth, "idempotency-key": "k" });
  t.equal(again.json.runId, first.json.runId);
  await runs.wait(first.json.runId ?? "", 1000);
  t.match(seen, [{ message: "check", source: "hook", principal: { kind: "system", id: "hook", name: "CI" } }]);
  while (sessions.systemEvents("main").length < 3) await turn();
  t.equal(sessions.systemEvents("main")[2], "CI: You said check");
  const mail = await call("/hooks/post", { from: { name: "Eva", id: 7 }, subject: "tea" }, auth);
  t.match(await runs.wait(mail.json.runId ?? "", 1000), {
    sessionKey: "agent:main:mail:7",
    text: "You said Mail from Eva: tea",
  });
  t.match((await call("/hooks/door", { state: "open" }, auth)).json, { ok: true });
  t.ok(sessions.systemEvents("main").includes("Door: open"));
});

t.test("hooks: what is refused, and how", async (t) => {
  const { call } = await served(t, echo, { token: HOOK });
  const auth = { authorization: `Bearer ${HOOK}` };
  const wrong = await call("/hooks/wake", { text: "x" });
  t.equal(wrong.status, 401, "the gateway's token is not the hooks' one");
  t.equal(wrong.text, "Unauthorized");
  t.match((await call(`/hooks/wake?token=${HOOK}`, { text: "x" })).json, { ok: false, error: /Authorization header/ });
  t.match((await call("/hooks/wake", {}, auth)).json, { ok: false, error: /text/ });
  t.match((await call("/hooks/wake", "[", auth)).json, { ok: false });
  t.equal((await call("/hooks/agent", { message: "x".repeat(300_000) }, auth)).status, 400);
  t.equal((await call("/hooks/unknown", {}, auth)).status, 404);
  const broken = await served(t, echo, { token: HOOK });
  broken.sessions.systemEvent = async () => {
    throw new TypeError("no table canary in /var/lib/barnacle");
  };
  const failed = await broken.call("/hooks/wake", { text: "x" }, auth);
  t.match([failed.status, failed.json], [500, { ok: false, error: /its log says why/ }]);
  t.notMatch(failed.text, /canary/, "what was not expected is for the log");
  const off = await served(t);
  t.equal((await off.call("/hooks/wake", { text: "x" }, auth)).status, 404, "off without a token");
});

t.test("pictures of assistants: only pictures, only of assistants", async (t) => {
  const { call } = await served(t);
  const open = { authorization: "" };
  const png = await call("/avatar/main", undefined, open);
  t.equal(png.headers.get("content-type"), "image/png");
  t.match((await call("/avatar/main?meta=1", undefined, open)).json, { avatarUrl: "/avatar/main" });
  t.match((await call("/avatar/web?meta=1", undefined, open)).json, { avatarUrl: "https://example.org/a.png" });
  t.match((await call("/avatar/plain?meta=1", undefined, open)).json, { avatarUrl: null });
  for (const id of ["spy", "web", "plain", "nobody"])
    t.equal((await call(`/avatar/${id}`, undefined, open)).status, 404);
});
