import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";

export interface ToolCallPart {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it. */
  readonly arguments: string;
}

/** What a streamed answer has come to. Source: OpenAI's API reference, "chat completions, streaming". */
export class CompletionParts {
  text = "";
  finishReason: string | undefined;
  usage: { input: number; output: number; total: number } | undefined;
  model: string | undefined;
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>();

  /** @returns the text that is new @throws LLM_MALFORMED, LLM_REFUSED */
  add(chunk: unknown): string {
    const body = objectOf(chunk);
    if (!body) throw malformed("a piece of the answer is not an object");
    const problem = objectOf(body.error);
    if (problem) throw new BarnacleError("LLM_REFUSED", `the model failed: ${String(problem.message).slice(0, 300)}`);
    if (typeof body.model === "string") this.model = body.model;
    this.#takeUsage(objectOf(body.usage));
    const choice = Array.isArray(body.choices) ? objectOf(body.choices[0]) : undefined;
    if (!choice) return "";
    if (typeof choice.finish_reason === "string") this.finishReason = choice.finish_reason;
    // Endpoints that do not stream answer with the whole message.
    const delta = objectOf(choice.delta) ?? objectOf(choice.message);
    if (!delta) return "";
    const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls : [];
    for (const [n, call] of calls.entries()) this.#takeCall(objectOf(call), n);
    const text = typeof delta.content === "string" ? delta.content : "";
    this.text += text;
    return text;
  }

  toolCalls(): readonly ToolCallPart[] {
    return [...this.#calls.entries()]
      .sort(([a], [b]) => a - b)
      .map(([n, call]) => ({ ...call, id: call.id === "" ? `call_${n}` : call.id }));
  }

  #takeCall(call: JsonObject | undefined, n: number): void {
    if (!call) return;
    const index = typeof call.index === "number" ? call.index : n;
    const known = this.#calls.get(index) ?? { id: "", name: "", arguments: "" };
    const named = objectOf(call.function);
    if (typeof call.id === "string" && call.id !== "") known.id = call.id;
    if (typeof named?.name === "string") known.name += named.name;
    if (typeof named?.arguments === "string") known.arguments += named.arguments;
    this.#calls.set(index, known);
  }

  #takeUsage(usage: JsonObject | undefined): void {
    if (!usage) return;
    const input = count(usage.prompt_tokens);
    const output = count(usage.completion_tokens);
    this.usage = { input, output, total: count(usage.total_tokens) || input + output };
  }
}

export function malformed(text: string): BarnacleError {
  return new BarnacleError("LLM_MALFORMED", text);
}

function objectOf(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}
