import { setImmediate as turn } from "node:timers/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import t from "tap";
import type { ModelConfig } from "../../config/agent.ts";
import { ModelResponder } from "../responders/model.ts";
import { message, testRuns } from "../testing.ts";
import { Toolbox, tool } from "../tools/index.ts";
import { ModelEndpoint } from "./endpoint.ts";
import { Models } from "./models.ts";
import { calls, event, StubModel, says, status } from "./testing.ts";

const KEY = "sk-canary-0123456789";

const uses: unknown[] = [];
const lamp = tool({
  name: "lamp",
  label: "Lamp",
  description: "Switches the lamp.",
  parameters: Type.Object({ on: Type.Boolean() }),
  run: async ({ on }, { principal, key }) => {
    uses.push({ on, who: principal.id, key });
    if (!on) throw new BarnacleError("POLICY_DENIED", "the lamp stays on");
    return { lit: true };
  },
});

type Env = Record<string, string>;

async function answering(
  t: Parameters<typeof testRuns>[0],
  patch: Partial<ModelConfig> = {},
  options: { env?: Env; toolRounds?: number; file?: string } = {},
) {
  const stub = await StubModel.start(t);
  const clock = new FakeClock();
  const models = new Models({ model: stub.config(patch), models: [] });
  const readFile = async (name: string) => {
    if (options.file !== undefined && name === "/key") return options.file;
    throw new TypeError("no such file");
  };
  const endpoint = new ModelEndpoint({ fetch, places: { readFile, env: options.env ?? {} }, clock });
  const responder = new ModelResponder({
    ...{ models, endpoint, clock, toolbox: new Toolbox([{ tools: () => [lamp] }]) },
    ...{ household: { rooms: () => ["kitchen"] }, toolRounds: options.toolRounds ?? 4 },
  });
  const test = await testRuns(t, (ask, out) => responder.respond(ask, out), { clock });
  const say = async (text: string, more: Parameters<typeof message>[1] = {}) =>
    (await test.runs.start(message(text, more))).done;
  return { ...test, stub, say };
}

t.test("an answer streams in, with the conversation before it and what it cost", async (t) => {
  const { stub, say, sessions, chat } = await answering(t);
  stub.answers.push(says("Good ", "morning."), says("Yes."));
  t.match(await say("hello"), {
    ...{ status: "ok", text: "Good morning.", provider: "stub", model: "stub-1" },
    usage: { input: 11, output: 2, total: 13 },
  });
  await sessions.systemEvent("main", "the post came");
  await say("anything new?", { extraSystemPrompt: "Speak like a sailor.", room: "kitchen" });
  const [first, second] = stub.requests;
  t.match(first, {
    path: "/v1/chat/completions",
    body: { stream: true, model: "stub-1", tools: [{ function: { name: "lamp" } }] },
  });
  t.equal(first?.headers.authorization, undefined, "no key, no header");
  const [system, ...rest] = second?.body.messages ?? [];
  t.match(system?.content, /You are Test.*Rooms of the home: kitchen.*in the kitchen.*Speak like a sailor/s);
  t.same(rest, [
    { role: "user", content: "hello" },
    { role: "assistant", content: "Good morning." },
    { role: "user", content: "[System: the post came]\nanything new?" },
  ]);
  t.equal(chat.filter(({ state }) => state === "final").length, 2);
  t.match(sessions.get("main"), { inputTokens: 22, outputTokens: 3, totalTokens: 12, model: "stub-1" });
});

t.test("tools are called in the name of who asked, and the model hears what came of it", async (t) => {
  uses.length = 0;
  const { stub, say, sessions, agent } = await answering(t);
  stub.answers.push(
    calls({ name: "lamp", args: '{"on": true}' }, { name: "lamp", args: '{"on": false}' }),
    calls({ name: "nothing", args: "{}" }, { name: "lamp", args: "[1" }),
    says("The lamp is on."),
  );
  t.match(await say("light please"), { status: "ok", text: "The lamp is on." });
  t.match(uses, [{ on: true, who: "anna" }, { on: false }]);
  t.equal(new Set(uses.map((use) => (use as { key: string }).key)).size, 2, "each use has a key of its own");
  const told = stub.requests.at(-1)?.body.messages.filter(({ role }) => role === "tool") ?? [];
  t.match(told, [
    { content: '{"lit":true}', tool_call_id: "call_0" },
    { content: /POLICY_DENIED.*the lamp stays on/ },
    { content: /no tool is called/ },
    { content: /expected a JSON object/ },
  ]);
  t.same(
    sessions.history("main", { limit: 20 }).messages.map(({ role }) => role),
    ["user", "assistant", "toolResult", "toolResult", "assistant", "toolResult", "toolResult", "assistant"],
  );
  const steps = agent.filter(({ stream }) => stream === "tool").map(({ data }) => [data.phase, data.isError]);
  t.same(steps.slice(0, 4), [
    ["start", undefined],
    ["result", false],
    ["start", undefined],
    ["result", true],
  ]);
  stub.answers.push(says("Still on."));
  stub.answers.shift();
  await say("and now?");
  const again = stub.requests.at(-1)?.body.messages ?? [];
  t.equal(again.filter(({ role }) => role === "tool").length, 4, "results stand behind their calls");
});

t.test("rounds of tools are bounded", async (t) => {
  const { stub, say } = await answering(t, {}, { toolRounds: 2 });
  stub.answers.push(calls({ name: "lamp", args: '{"on":true}' }));
  const outcome = await say("loop");
  t.equal(outcome.status, "ok");
  t.equal(stub.requests.length, 3);
  t.equal(stub.requests.at(-1)?.body.tools, undefined, "the last time it may only speak");
});

t.test("what goes wrong has a name each", async (t) => {
  const { stub, say } = await answering(t, { apiKey: KEY });
  const html = (response: Parameters<ReturnType<typeof says>>[0]) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end("<p>hello</p>");
  };
  const cut = (response: Parameters<ReturnType<typeof says>>[0]) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    event(response, { choices: [{ delta: { content: "half" } }] });
    response.end();
  };
  const broken = (response: Parameters<ReturnType<typeof says>>[0]) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    event(response, "{not json");
    response.end();
  };
  const torn = (response: Parameters<ReturnType<typeof says>>[0]) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    event(response, { choices: [{ delta: { content: "half" } }] });
    setImmediate(() => response.destroy());
  };
  for (const [answer, code, said] of [
    [status(401, { error: { message: `bad key ${KEY}` } }), "LLM_REFUSED", /answered 401: bad key \*\*\*$/],
    [status(429, { error: { message: "slow down" } }), "LLM_REFUSED", /429: slow down/],
    [status(500, "<html><b>down</b></html>"), "LLM_REFUSED", /500: down/],
    [status(307, "", { location: "http://127.0.0.1:1/" }), "LLM_UNREACHABLE", /redirect/],
    [html, "LLM_MALFORMED", /text\/html/],
    [cut, "LLM_MALFORMED", /ended in the middle/],
    [broken, "LLM_MALFORMED", /not JSON/],
    [torn, "LLM_UNREACHABLE", /broke off/],
    [status(200, { choices: [] }), "LLM_MALFORMED", /finish_reason/],
    [status(200, { error: { message: "overloaded" } }), "LLM_REFUSED", /overloaded/],
  ] as const) {
    stub.answers.splice(0, Number.POSITIVE_INFINITY, answer);
    t.match(await say("x"), { status: "error", error: { code, message: said } });
  }
  t.equal(stub.requests[0]?.headers.authorization, `Bearer ${KEY}`);
});

t.test("an endpoint that does not stream is understood; an unreachable one is named without its key", async (t) => {
  const { stub, say } = await answering(t);
  const message = { role: "assistant", content: "whole" };
  stub.answers.push(status(200, { choices: [{ message, finish_reason: "stop" }], usage: { prompt_tokens: 1 } }));
  t.match(await say("x"), { status: "ok", text: "whole" });
  const nobody = await answering(t, { baseUrl: "http://user:secret@127.0.0.1:1/v1", apiKey: KEY });
  const { error } = await nobody.say("x");
  t.match(error, { code: "LLM_UNREACHABLE", message: /127\.0\.0\.1:1 cannot be reached/ });
  t.notMatch(JSON.stringify(error), /secret|canary/);
});

t.test("one that says nothing is given up after its patience; one that is stopped hears of it", async (t) => {
  const { stub, say, clock, runs } = await answering(t, { silenceMs: 1000 });
  let closed = 0;
  stub.answers.push((response) => {
    response.on("close", () => {
      closed += 1;
    });
    response.writeHead(200, { "content-type": "text/event-stream" });
    event(response, { choices: [{ delta: { content: "well" } }] });
  });
  const silent = say("x");
  while (runs.underWay("main")?.text !== "well") await turn();
  await clock.advance(1000);
  t.match(await silent, {
    status: "error",
    text: "well",
    error: { code: "LLM_SILENT", message: /said nothing for 1 s/ },
  });
  const stopped = say("y");
  while (runs.underWay("main")?.text !== "well") await turn();
  runs.abort({ sessionKey: "main" });
  t.match(await stopped, { status: "aborted", text: "well" });
  while (closed < 2) await turn();
  t.pass("both connections were let go");
});

t.test("keys come from the file or the variable that is named", async (t) => {
  const byEnv = await answering(t, { apiKeyEnv: "KEY" }, { env: { KEY } });
  byEnv.stub.answers.push(says("ok"));
  await byEnv.say("x");
  t.equal(byEnv.stub.requests[0]?.headers.authorization, `Bearer ${KEY}`);
  const byFile = await answering(t, { apiKeyFile: "/key" }, { file: `${KEY}\n` });
  byFile.stub.answers.push(says("ok"));
  await byFile.say("x");
  t.equal(byFile.stub.requests[0]?.headers.authorization, `Bearer ${KEY}`);
  for (const [patch, options] of [
    [{ apiKeyEnv: "NONE" }, {}],
    [{ apiKeyFile: "/none" }, {}],
    [{ apiKeyFile: "/key" }, { file: " " }],
  ] as const) {
    t.match(await (await answering(t, patch, options)).say("x"), { error: { code: "CONFIG_INVALID" } });
  }
});

t.test("a session's model and thinking reach the endpoint; an unknown one is the default", async (t) => {
  const { stub, say, sessions } = await answering(t, {
    reasoning: true,
    maxTokens: 50,
    temperature: 0.2,
    tools: false,
  });
  stub.answers.push(says("ok"));
  await sessions.patch("main", { settings: { thinkingLevel: "xhigh", model: "gone/away" } });
  await say("x");
  t.match(stub.requests[0]?.body, { reasoning_effort: "high", max_tokens: 50, temperature: 0.2 });
  t.equal(stub.requests[0]?.body.tools, undefined);
  await say("y", { thinking: "off", source: "voice" });
  t.equal(stub.requests[1]?.body.reasoning_effort, undefined);
  t.match(stub.requests[1]?.body.messages[0]?.content, /read aloud/);
});

t.test("pictures go to a model that takes them; a long conversation is cut from its beginning", async (t) => {
  const { stub, say } = await answering(t, { images: true, contextTokens: 1000 });
  stub.answers.push(says("ok"));
  for (let n = 0; n < 12; n++) await say(`${n} ${"long ".repeat(60)}`);
  await say("see", { attachments: [{ mimeType: "image/png", content: "AAAA" }] });
  const { messages = [] } = stub.requests.at(-1)?.body ?? {};
  t.ok(messages.length < 12, `${messages.length} messages`);
  t.match(messages.at(-1), { content: [{ type: "text" }, { image_url: { url: "data:image/png;base64,AAAA" } }] });
});
