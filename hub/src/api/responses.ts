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

const Item = Type.Object({
  type: Type.Optional(Type.String()),
  role: Type.Optional(Type.String()),
  content: Type.Optional(Type.Unknown()),
});
const Body = Type.Object({
  model: Type.Optional(Type.String({ maxLength: 300 })),
  input: Type.Union([Type.String(), Type.Array(Item, { minItems: 1, maxItems: 2000 })]),
  instructions: Type.Optional(Type.Union([Type.String({ maxLength: 100_000 }), Type.Null()])),
  stream: Type.Optional(Type.Boolean()),
  user: Type.Optional(Type.String({ maxLength: 500 })),
  tools: Type.Optional(Type.Array(Type.Unknown())),
});
type Body = Static<typeof Body>;
const check = validator(Body);

/** `POST /v1/responses`: text and pictures in, text out, streamed or whole. Tools of the caller are refused by name. */
export function responseRoutes(server: FastifyInstance, parts: ApiParts): void {
  server.post("/v1/responses", { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    const body = check.parse(request.body, "response request");
    if (body.tools && body.tools.length > 0) {
      throw new BarnacleError("INPUT_INVALID", "tools: tools of the caller are not called here; leave them out");
    }
    const run = runOf(request, body, parts);
    const response = new ResponseObject(body.model ?? "openclaw", run.runId, Math.floor(parts.clock.now() / 1000));
    if (body.stream) return stream(request, reply, { parts, run, response });
    unhurried(request);
    return response.completed(await runToEnd(parts, run, () => {}));
  });
}

/** The one object that the events and the whole answer show. Source: OpenAI's API reference, "responses". */
class ResponseObject {
  readonly #head: { id: string; object: "response"; created_at: number; model: string };
  readonly itemId: string;

  constructor(model: string, runId: string, createdAt: number) {
    this.#head = { id: `resp_${runId}`, object: "response", created_at: createdAt, model };
    this.itemId = `msg_${runId}`;
  }

  inProgress() {
    return { ...this.#head, status: "in_progress", output: [], error: null, usage: null };
  }

  item(status: "in_progress" | "completed", text?: string) {
    const content = text === undefined ? [] : [outputText(text)];
    return { type: "message", id: this.itemId, role: "assistant", status, content };
  }

  completed({ text = "", usage }: RunOutcome) {
    const { input = 0, output = 0, total = 0 } = usage ?? {};
    return {
      ...{ ...this.#head, status: "completed", output: [this.item("completed", text)], output_text: text, error: null },
      usage: { input_tokens: input, output_tokens: output, total_tokens: total },
    };
  }

  failed(code: string, message: string) {
    return { ...this.#head, status: "failed", output: [], error: { code, message }, usage: null };
  }
}

async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  facts: { parts: ApiParts; run: RunRequest; response: ResponseObject },
): Promise<FastifyReply> {
  const { parts, run, response } = facts;
  const events = new EventStream(request, reply, () => parts.runs.abort({ runId: run.runId }));
  let sequence = 0;
  const send = (type: string, data: object) => {
    events.send({ type, sequence_number: sequence, ...data }, type);
    sequence += 1;
  };
  const place = { item_id: response.itemId, output_index: 0, content_index: 0 };
  send("response.created", { response: response.inProgress() });
  send("response.in_progress", { response: response.inProgress() });
  send("response.output_item.added", { output_index: 0, item: response.item("in_progress") });
  send("response.content_part.added", { ...place, part: outputText("") });
  try {
    const outcome = await runToEnd(parts, run, (delta) => send("response.output_text.delta", { ...place, delta }));
    const { text = "" } = outcome;
    send("response.output_text.done", { ...place, text });
    send("response.content_part.done", { ...place, part: outputText(text) });
    send("response.output_item.done", { output_index: 0, item: response.item("completed", text) });
    send("response.completed", { response: response.completed(outcome) });
  } catch (error) {
    const { code, message } = toBarnacleError(error);
    send("response.failed", { response: response.failed(code, message) });
  }
  events.end();
  return reply;
}

function outputText(text: string) {
  return { type: "output_text", text, annotations: [] };
}

function runOf(request: FastifyRequest, body: Body, parts: ApiParts): RunRequest {
  const items = typeof body.input === "string" ? [{ role: "user", content: body.input }] : messages(body.input);
  const last = items.findLastIndex(({ role }) => role === "user");
  const asked = items[last];
  if (!asked) throw new BarnacleError("INPUT_INVALID", "input: expected at least one message of role user");
  const { text, attachments } = contentOf(asked.content);
  const system = items.filter(({ role }) => role === "system" || role === "developer");
  const earlier = items.slice(0, last).filter(({ role }) => role === "user" || role === "assistant");
  const extra = [body.instructions ?? "", ...system.map((one) => contentOf(one.content).text), transcriptOf(earlier)];
  const extraSystemPrompt = extra.filter((part) => part !== "").join("\n\n");
  return {
    ...{ runId: parts.random.uuid(), message: text, attachments, source: "http", principal: API_PRINCIPAL },
    ...targetOf(request, body, parts),
    ...(extraSystemPrompt === "" ? {} : { extraSystemPrompt }),
  };
}

function messages(items: readonly Static<typeof Item>[]): { role: string; content?: unknown }[] {
  return items.map(({ type = "message", role, content }) => {
    if (type === "message" && role !== undefined) return { role, content };
    throw new BarnacleError("INPUT_INVALID", `input: items of type ${type.slice(0, 40)} are not taken`);
  });
}
