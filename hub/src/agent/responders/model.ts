import { createHash } from "node:crypto";
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { ModelConfig } from "../../config/agent.ts";
import type { RunUsage } from "../../services.ts";
import { usageOnWire } from "../messages.ts";
import type { CompletionParts, ToolCallPart } from "../model/chunks.ts";
import type { ModelEndpoint } from "../model/endpoint.ts";
import type { Model, Models } from "../model/models.ts";
import { promptOf } from "../model/prompt.ts";
import type { Answer, Ask, ChatResponder, Output } from "../responder.ts";
import type { Toolbox } from "../tools/index.ts";

const MAX_RESULT = 20_000;

export interface ModelResponderOptions {
  readonly models: Models;
  readonly endpoint: ModelEndpoint;
  readonly toolbox: Toolbox;
  readonly household: { rooms(): readonly string[] };
  readonly clock: Clock;
  readonly systemPrompt?: string | undefined;
  /** How many times in a row the model may call tools. */
  readonly toolRounds: number;
}

interface ToolResult {
  readonly call: ToolCallPart;
  readonly text: string;
  readonly isError: boolean;
}

/** A language model behind an OpenAI-compatible endpoint, with the home's tools. */
export class ModelResponder implements ChatResponder {
  readonly name = "model";
  readonly #options: ModelResponderOptions;

  constructor(options: ModelResponderOptions) {
    this.#options = options;
  }

  async respond(ask: Ask, out: Output): Promise<Answer | undefined> {
    const model = this.#options.models.choose(ask.model);
    const { endpoint } = model;
    if (!endpoint) return undefined;
    out.model(model.provider, model.id);
    const now = new Date(this.#options.clock.now()).toLocaleString("en-GB", { dateStyle: "full", timeStyle: "short" });
    const facts = { rooms: this.#options.household.rooms(), systemPrompt: this.#options.systemPrompt, now };
    const messages = promptOf(ask, model, facts);
    let usage: RunUsage | undefined;
    for (let round = 0; ; round++) {
      const mayCall = model.tools && round < this.#options.toolRounds;
      const body = this.#body(endpoint, ask, messages, mayCall);
      const parts = await this.#options.endpoint.complete(endpoint, body, {
        signal: ask.signal,
        onText: (delta) => out.text(delta),
      });
      usage = added(usage, parts.usage);
      const calls = mayCall ? parts.toolCalls() : [];
      if (calls.length === 0) return { ...(usage ? { usage } : {}), stopReason: stopReason(parts) };
      const results = await this.#callAll(calls, { ask, out, model, parts, round });
      messages.push(...turnMessages(parts.text, results));
    }
  }

  #body(endpoint: ModelConfig, ask: Ask, messages: readonly JsonObject[], tools: boolean): JsonObject {
    const { model, maxTokens, temperature, reasoning } = endpoint;
    const effort = ask.thinking === "xhigh" ? "high" : ask.thinking;
    return {
      ...{ model, messages: [...messages], stream: true, stream_options: { include_usage: true } },
      ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
      ...(temperature === undefined ? {} : { temperature }),
      ...(reasoning && effort !== undefined && effort !== "off" ? { reasoning_effort: effort } : {}),
      ...(tools ? { tools: this.#options.toolbox.list().map(asFunction) } : {}),
    };
  }

  /** One after the other: what a model asks for in one breath may depend on its order. */
  async #callAll(
    calls: readonly ToolCallPart[],
    facts: { ask: Ask; out: Output; model: Model; parts: CompletionParts; round: number },
  ): Promise<ToolResult[]> {
    const { ask, out, model, parts, round } = facts;
    await out.record({
      ...{ role: "assistant", timestamp: this.#options.clock.now(), stopReason: "toolUse" },
      ...{ api: "barnacle", provider: model.provider, model: model.id, usage: usageOnWire(parts.usage) },
      content: [
        ...(parts.text === "" ? [] : [{ type: "text", text: parts.text }]),
        ...calls.map(({ id, name, arguments: args }) => ({ type: "toolCall", id, name, arguments: shownArgs(args) })),
      ],
    });
    const results: ToolResult[] = [];
    for (const [n, call] of calls.entries()) {
      ask.signal.throwIfAborted();
      const args = shownArgs(call.arguments);
      out.tool({ phase: "start", name: call.name, toolCallId: call.id, args });
      const result = await this.#call(call, ask, `${round}.${n}`);
      const content = [{ type: "text", text: result.text }];
      const about = { name: call.name, toolCallId: call.id };
      out.tool({ phase: "result", ...about, isError: result.isError, result: { content } });
      await out.record({
        ...{ role: "toolResult", toolCallId: call.id, toolName: call.name, content },
        ...{ isError: result.isError, timestamp: this.#options.clock.now() },
      });
      results.push(result);
    }
    return results;
  }

  async #call(call: ToolCallPart, ask: Ask, place: string): Promise<ToolResult> {
    try {
      const args = parsedArgs(call);
      const key = createHash("sha256").update(`${ask.runId}\n${place}\n${call.name}\n${call.arguments}`).digest("hex");
      const { principal, room, sessionKey } = ask;
      const use = { principal, room, sessionKey, key: `tool-${key.slice(0, 40)}` };
      const value = await this.#options.toolbox.get(call.name).run(args, use);
      return { call, text: JSON.stringify(value).slice(0, MAX_RESULT), isError: false };
    } catch (error) {
      // The model is told, so that it can say so or do otherwise.
      const { code, message } = toBarnacleError(error);
      return { call, text: JSON.stringify({ ok: false, code, message }), isError: true };
    }
  }
}

function turnMessages(text: string, results: readonly ToolResult[]): JsonObject[] {
  const calls = results.map(({ call }) => ({
    ...{ id: call.id, type: "function" },
    function: { name: call.name, arguments: JSON.stringify(shownArgs(call.arguments)) },
  }));
  return [
    { role: "assistant", content: text, tool_calls: calls },
    ...results.map(({ call, text }) => ({ role: "tool", tool_call_id: call.id, content: text })),
  ];
}

function asFunction({ name, description, parameters }: { name: string; description: string; parameters: JsonObject }) {
  return { type: "function", function: { name, description, parameters } };
}

function parsedArgs({ name, arguments: text }: ToolCallPart): JsonObject {
  const value = shownArgs(text, undefined);
  if (value) return value;
  throw new BarnacleError("INPUT_INVALID", `arguments of ${name}: expected a JSON object`);
}

/** For showing; what is no object is shown as nothing. */
function shownArgs(text: string): JsonObject;
function shownArgs(text: string, otherwise: undefined): JsonObject | undefined;
function shownArgs(text: string, ...otherwise: [undefined?]): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  } catch {
    // Told to the model by `parsedArgs`.
  }
  return otherwise.length > 0 ? undefined : {};
}

/** Source: gateway protocol 3, "history message": `stop`, `length`, … */
function stopReason({ finishReason }: CompletionParts): string {
  return finishReason === "length" || finishReason === "content_filter" ? finishReason : "stop";
}

function added(sum: RunUsage | undefined, more: RunUsage | undefined): RunUsage | undefined {
  if (!sum || !more) return sum ?? more;
  return { input: sum.input + more.input, output: sum.output + more.output, total: sum.total + more.total };
}
