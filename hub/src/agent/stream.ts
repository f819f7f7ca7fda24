import type { Clock, Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { AgentEvent, AgentRunEvents, ChatEvent, ChatMessage, RunUsage } from "../services.ts";

/** Deltas of a chat go out at most this often. */
export const DELTA_MS = 150;

export interface StreamAbout {
  readonly runId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly agentId: string;
}

/**
 * The two event streams of one run: `agent` with every step, `chat` derived from it. Both give the whole text so far and what
 * is new, since older clients read the one and newer ones the other. Source: gateway protocols 3 and 4, "run streams".
 */
export class RunStream {
  readonly #events: Events<AgentRunEvents>;
  readonly #clock: Clock;
  readonly #about: StreamAbout;
  #seq = 0;
  #text = "";
  #sent = 0;
  #lastDelta = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(options: { events: Events<AgentRunEvents>; clock: Clock; about: StreamAbout }) {
    this.#events = options.events;
    this.#clock = options.clock;
    this.#about = options.about;
  }

  /** All of it so far. */
  get text(): string {
    return this.#text;
  }

  start(startedAt: number): void {
    this.#agent("lifecycle", { phase: "start", startedAt });
  }

  model(provider: string, model: string): void {
    this.#agent("lifecycle", { phase: "model", provider, model });
  }

  delta(delta: string): void {
    if (delta === "") return;
    this.#text += delta;
    this.#agent("assistant", { text: this.#text, delta });
    const wait = this.#lastDelta + DELTA_MS - this.#clock.monotonic();
    if (wait <= 0) this.#flush();
    else this.#cancel ??= this.#clock.after(wait, () => this.#flush());
  }

  tool(data: JsonObject): void {
    this.#agent("tool", data);
  }

  end(options: { startedAt: number; stopReason: string; usage?: RunUsage }): void {
    const { startedAt, stopReason, usage } = options;
    if (usage) this.#agent("usage", { inputTokens: usage.input, outputTokens: usage.output });
    this.#agent("lifecycle", { phase: "end", startedAt, endedAt: this.#clock.now(), stopReason, aborted: false });
    this.#flush();
    this.#chat({ state: "final", stopReason, ...this.#message(), ...(usage ? { usage } : {}) });
  }

  aborted(options: { startedAt: number; stopReason: string }): void {
    const { startedAt, stopReason } = options;
    this.#agent("lifecycle", { phase: "end", startedAt, endedAt: this.#clock.now(), stopReason, aborted: true });
    this.#flush();
    this.#chat({ state: "aborted", stopReason, ...this.#message() });
  }

  failed(options: { errorMessage: string; errorKind: string }): void {
    this.#agent("lifecycle", { phase: "error", error: options.errorMessage, endedAt: this.#clock.now() });
    this.#flush();
    this.#chat({ state: "error", ...options, ...this.#message() });
  }

  #flush(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#sent === this.#text.length) return;
    const deltaText = this.#text.slice(this.#sent);
    this.#sent = this.#text.length;
    this.#lastDelta = this.#clock.monotonic();
    this.#chat({ state: "delta", deltaText, ...this.#message() });
  }

  #message(): { message?: ChatMessage } {
    if (this.#text === "") return {};
    const content = [{ type: "text" as const, text: this.#text }];
    return { message: { role: "assistant", content, timestamp: this.#clock.now() } };
  }

  #agent(stream: AgentEvent["stream"], data: JsonObject): void {
    this.#seq += 1;
    this.#events.emit("agent", { ...this.#about, stream, data, seq: this.#seq, ts: this.#clock.now() });
  }

  #chat(event: Omit<ChatEvent, "runId" | "sessionKey" | "agentId" | "seq">): void {
    const { runId, sessionKey, agentId } = this.#about;
    this.#events.emit("chat", { runId, sessionKey, agentId, seq: this.#seq, ...event });
  }
}
