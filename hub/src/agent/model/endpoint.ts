import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { ModelConfig } from "../../config/agent.ts";
import { apiKeyOf, type KeyPlaces } from "./api-key.ts";
import { CompletionParts, malformed } from "./chunks.ts";

const MAX_EVENT_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_TEXT = 300;

export interface EndpointOptions {
  readonly fetch: typeof fetch;
  readonly places: KeyPlaces;
  readonly clock: Clock;
}

/** One request to an OpenAI-compatible endpoint. The key goes into its header and nowhere else. */
export class ModelEndpoint {
  readonly #options: EndpointOptions;

  constructor(options: EndpointOptions) {
    this.#options = options;
  }

  /**
   * @param onText hears each new piece of text
   * @throws LLM_UNREACHABLE, LLM_REFUSED, LLM_MALFORMED, LLM_SILENT, CONFIG_INVALID; the signal's own reason when it was aborted
   */
  async complete(
    config: ModelConfig,
    body: JsonObject,
    options: { signal: AbortSignal; onText: (delta: string) => void },
  ): Promise<CompletionParts> {
    const key = await apiKeyOf(config, this.#options.places);
    const silence = new Silence(this.#options.clock, config.silenceMs);
    const signal = AbortSignal.any([options.signal, silence.signal]);
    try {
      const response = await this.#post(config, key, body, signal);
      silence.reset();
      if (!response.ok) throw await refused(response, key);
      return await readAnswer(response, options.onText, () => silence.reset());
    } catch (error) {
      if (silence.signal.aborted) {
        const seconds = Math.round(config.silenceMs / 1000);
        throw new BarnacleError("LLM_SILENT", `${hostOf(config)} said nothing for ${seconds} s`, { cause: error });
      }
      if (options.signal.aborted || error instanceof BarnacleError) throw error;
      throw new BarnacleError("LLM_UNREACHABLE", `${hostOf(config)}: the answer broke off: ${reasonOf(error)}`, {
        cause: error,
      });
    } finally {
      silence.end();
    }
  }

  async #post(config: ModelConfig, key: string | undefined, body: JsonObject, signal: AbortSignal): Promise<Response> {
    try {
      return await this.#options.fetch(`${config.baseUrl.replace(/\/+$/, "")}/chat/completions`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "text/event-stream",
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        },
        body: JSON.stringify(body),
        // A redirect could carry the key and the conversation somewhere else.
        redirect: "error",
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new BarnacleError("LLM_UNREACHABLE", `${hostOf(config)} cannot be reached: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  }
}

async function readAnswer(
  response: Response,
  onText: (delta: string) => void,
  alive: () => void,
): Promise<CompletionParts> {
  const parts = new CompletionParts();
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    const text = parts.add(jsonOf(await response.text()));
    if (text !== "") onText(text);
    if (parts.finishReason === undefined) throw malformed("the answer has no choices with a finish_reason");
    return parts;
  }
  if (!type.includes("event-stream")) throw malformed(`the answer is ${type || "without a content type"}`);
  if (!response.body) throw malformed("the answer is empty");
  await readStream(response.body, parts, onText, alive);
  return parts;
}

async function readStream(
  body: ReadableStream<Uint8Array>,
  parts: CompletionParts,
  onText: (delta: string) => void,
  alive: () => void,
): Promise<void> {
  const { createParser } = await import("eventsource-parser");
  let done = false;
  let failure: unknown;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_BYTES,
    onEvent({ data }) {
      if (done || failure !== undefined) return;
      if (data.trim() === "[DONE]") {
        done = true;
        return;
      }
      try {
        const text = parts.add(jsonOf(data));
        if (text !== "") onText(text);
      } catch (error) {
        failure = error;
      }
    },
    onError(error) {
      // Fields that the standard does not know are skipped by every reader.
      if (error.type === "max-buffer-size-exceeded") failure ??= malformed("a piece of the answer is too large");
    },
  });
  const decoder = new TextDecoder();
  for await (const bytes of body) {
    alive();
    parser.feed(decoder.decode(bytes, { stream: true }));
    if (failure !== undefined) throw failure;
    if (done) return;
  }
  if (parts.finishReason === undefined) throw malformed("the answer ended in the middle, without a finish_reason");
}

async function refused(response: Response, key: string | undefined): Promise<BarnacleError> {
  const { status } = response;
  const said = errorText(await response.text().catch(() => ""));
  // An endpoint may repeat the key that it was given.
  const shown = key === undefined ? said : said.replaceAll(key, "***");
  const kind =
    status === 429 ? "rate_limit" : /context.?length|maximum context/i.test(said) ? "context_length" : undefined;
  return new BarnacleError(
    "LLM_REFUSED",
    `the model's endpoint answered ${status}${shown === "" ? "" : `: ${shown}`}`,
    {
      details: { status, ...(kind === undefined ? {} : { errorKind: kind }) },
    },
  );
}

function errorText(body: string): string {
  try {
    const parsed = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown };
    const text = typeof parsed.error === "object" ? parsed.error?.message : (parsed.error ?? parsed.message);
    if (typeof text === "string") return text.slice(0, MAX_ERROR_TEXT);
  } catch {
    // Not JSON: a page of a proxy, say.
  }
  return body
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, MAX_ERROR_TEXT);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(`a piece of the answer is not JSON: ${text.slice(0, 60)}`);
  }
}

function hostOf({ baseUrl }: ModelConfig): string {
  return URL.canParse(baseUrl) ? new URL(baseUrl).host : "the model's endpoint";
}

/** `fetch` hides why it failed in a cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  // An address may carry a name and a password.
  return messageOf(cause ?? error).replace(/\/\/[^/@\s]*@/g, "//***@");
}

/** Aborts when nothing came for a while. */
class Silence {
  readonly #controller = new AbortController();
  readonly #clock: Clock;
  readonly #ms: number;
  #cancel: () => void;

  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#cancel = this.#wait();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reset(): void {
    this.#cancel();
    this.#cancel = this.#wait();
  }

  end(): void {
    this.#cancel();
  }

  #wait(): () => void {
    return this.#clock.after(this.#ms, () => this.#controller.abort());
  }
}
