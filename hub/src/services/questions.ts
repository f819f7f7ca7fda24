import type { Events } from "@barnacle/protocol/runtime";
import type { Principal } from "./principal.ts";

export interface QuestionItem {
  readonly questionId: string;
  readonly header: string;
  readonly question: string;
  readonly options: readonly { readonly label: string; readonly description?: string }[];
  readonly multiSelect?: boolean;
  readonly isOther?: boolean;
  /** The answer goes to whoever waits, and is neither kept nor shown. */
  readonly isSecret?: boolean;
}

export type QuestionAnswers = Readonly<Record<string, readonly string[]>>;

export interface QuestionContext {
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly runId?: string;
}

export interface QuestionRecord extends QuestionContext {
  readonly id: string;
  readonly questions: readonly QuestionItem[];
  readonly status: "pending" | "answered" | "cancelled" | "expired";
  readonly answers?: QuestionAnswers;
  readonly resolvedBy?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface QuestionAsk extends QuestionContext {
  readonly id?: string | undefined;
  readonly questions: readonly QuestionItem[];
  readonly timeoutMs?: number | undefined;
}

/** Questions to people; the first answer counts, and silence ends one at its time. */
export interface Questions {
  readonly events: Events<{
    requested: { readonly question: QuestionRecord };
    resolved: { readonly question: QuestionRecord };
  }>;
  /** @throws CONFLICT when the id is taken */
  request(ask: QuestionAsk): Promise<QuestionRecord>;
  /** Resolves when it is answered, cancelled or expired, or with the pending record after `timeoutMs`. @throws NOT_FOUND */
  wait(id: string, timeoutMs?: number): Promise<QuestionRecord>;
  get(id: string): QuestionRecord | undefined;
  pending(): readonly QuestionRecord[];
  /** Without answers it is cancelled. @throws NOT_FOUND, CONFLICT when it was over, INPUT_INVALID for answers to other questions */
  resolve(id: string, answers: QuestionAnswers | undefined, by: Principal): Promise<QuestionRecord>;
}
