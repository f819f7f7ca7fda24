import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal, RunAttachment, RunSource, RunUsage, TranscriptMessage } from "../services.ts";
import type { Agent } from "./agents.ts";

/** One message that wants an answer. */
export interface Ask {
  readonly runId: string;
  /** Canonical. */
  readonly sessionKey: string;
  readonly agent: Agent;
  readonly source: RunSource;
  readonly principal: Principal;
  readonly room?: string;
  readonly message: string;
  readonly attachments: readonly RunAttachment[];
  /** What happened since the last run, oldest first. */
  readonly notes: readonly string[];
  readonly extraSystemPrompt?: string;
  /** A level as the session or the request sets it. */
  readonly thinking?: string;
  /** `provider/model` or the model alone, where the session or the request chooses one. */
  readonly model?: string;
  /** Aborted when nobody wants the answer any more. */
  readonly signal: AbortSignal;
  /** The conversation before this message, oldest first. */
  history(limit: number): readonly TranscriptMessage[];
}

/** Where an answer goes while it is being made. After the run has ended nothing of it is heard. */
export interface Output {
  text(delta: string): void;
  tool(step: ToolStep): void;
  model(provider: string, model: string): void;
  /** A message between question and answer: a tool call, its result. On disk when this resolves. */
  record(message: JsonObject): Promise<void>;
}

export type ToolStep =
  | { readonly phase: "start"; readonly name: string; readonly toolCallId: string; readonly args: JsonObject }
  | {
      readonly phase: "result";
      readonly name: string;
      readonly toolCallId: string;
      readonly isError: boolean;
      readonly result: JsonObject;
    };

export interface Answer {
  /** Default: what went to `Output.text` since the last record. */
  readonly text?: string;
  readonly usage?: RunUsage;
  /** `stop`, `length`, … */
  readonly stopReason?: string;
}

/** Something that answers messages. The first of several that takes one answers it. */
export interface ChatResponder {
  readonly name: string;
  /** Undefined: not for this responder; then nothing was put out. @throws what went wrong, by name */
  respond(ask: Ask, out: Output): Promise<Answer | undefined>;
}
