import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { validator } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RunOutcome, RunRequest } from "../services.ts";
import { contentOf, transcriptOf } from "./content.ts";
import { API_PRINCIPAL, type ApiParts } from "./parts.ts";
import { runToEnd } from "./run.ts";
import { EventStream, unhurried } from "./sse.ts";
import { targetOf } from "./target.ts";

const BODY_LIMIT = 20 * 1024 * 1024;

const Body = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 300 })),
  messages: Type.Array(Type.Object({ role: Type.String(), content: Type.Optional(Type.Unknown()) }), {
    minItems: 1,
    maxItems: 2000,
  }),
  stream: Type.Optional(Type.Boolean()),
  stream_options: Type.Optional(
    Type.Union([Type.Object({ include_usage: Type.Optional(Type.Boolean()) }), Type.Null()]),
  ),
  user: Type.Optional(Type.String({ maxLength: 500 })),
});
type Body = Static<typeof Body>;
const check = validator(Body);

/** `POST /v1/chat/completions` and `GET /v1/models`, as OpenAI's clients know them. Tools of the caller are not called. */
export function completionRoutes(server: FastifyInstance, parts: ApiParts): void {
  const { agents, models, clock } = parts;
  const created = Math.floor(clock.now() / 1000);
  const entry = (id: string) => ({ id, object: "model", created, owned_by: "barnacle" });
  const ids = [...agents.list().map(({ id }) => `openclaw:${id}`), ...models.list().map(({ ref }) => ref)];
  server.get("/v1/models", () => ({ object: "list", data: ids.map(entry) }));
  server.get<{ Params: { "*": string } }>("/v1/models/*", ({ params }) => {
    const id = params["*"];
    if (ids.includes(id)) return entry(id);
    throw new BarnacleError("NOT_FOUND", `no model "${id.slice(0, 80)}"`);
  });
  server.post("/v1/chat/completions", { bodyLimit: BODY_LIMIT }, (request, reply) => complete(request, reply, parts));
}

async function complete(request: FastifyRequest, reply: FastifyReply, parts: ApiParts): Promise<unknown> {
  const body = check.parse(request.body, "chat completion");
  const run = runOf(request, body, parts);
  const head = {
    ...{ id: `chatcmpl-${run.runId}`, created: Math.floor(parts.clock.now() / 1000), model: body.model ?? "openclaw" },
  };
  if (body.stream) return stream(request, reply, { parts, run, head, body });
  unhurried(request);
  const outcome = await runToEnd(parts, run, () => {});
  const message = { role: "assistant", content: outcome.text ?? "" };
  return {
    ...{ ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] },
    usage: usageOf(outcome),
  };
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: { parts: ApiParts; run: RunRequest; head: object; body: Body },
): Promise<FastifyReply> {
  const { parts, run, head, body } = facts;
  const events = new EventStream(request, reply, () => parts.runs.abort({ runId: run.runId }));
  const send = (delta: object, finish: string | null = null) =>
    events.send({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] });
  send({ role: "assistant", content: "" });
  try {
    const outcome = await runToEnd(parts, run, (content) => send({ content }));
    send({}, "stop");
    if (body.stream_options?.include_usage) {
      events.send({ ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(outcome) });
    }
  } catch (error) {
    // The status has gone out already: the stream itself says what went wrong.
    const { code, message } = toBarnacleError(error);
    events.send({ error: { message, type: "api_error", code } });
  }
  events.end();
  return reply;
}

/** The last message of the user is the message; what is before it goes along as what was said before. */
function runOf(request: FastifyRequest, body: Body, parts: ApiParts): RunRequest {
  const last = body.messages.findLastIndex(({ role }) => role === "user" || role === "tool");
  const asked = body.messages[last];
  if (!asked) throw new BarnacleError("INPUT_INVALID", "messages: expected at least one of role user");
  const { text, attachments } = contentOf(asked.content);
  const system = body.messages.filter(({ role }) => role === "system" || role === "developer");
  const earlier = body.messages.slice(0, last).filter(({ role }) => role === "user" || role === "assistant");
  const extra = [...system.map(({ content }) => contentOf(content).text), transcriptOf(earlier)].filter(
    (s) => s !== "",
  );
  return {
    ...{ runId: parts.random.uuid(), message: text, attachments, source: "http", principal: API_PRINCIPAL },
    ...targetOf(request, body, parts),
    ...(extra.length > 0 ? { extraSystemPrompt: extra.join("\n\n") } : {}),
  };
}

function usageOf({ usage }: RunOutcome) {
  const { input = 0, output = 0, total = 0 } = usage ?? {};
  return { prompt_tokens: input, completion_tokens: output, total_tokens: total };
}
