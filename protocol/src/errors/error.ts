import { ERROR_TABLE, type ErrorCode, type ErrorEntry, isErrorCode } from "./table.ts";

export interface ErrorExtra {
  /** JSON-safe facts for machines; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Overrides the table's hint where the place knows a better one. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** What an error looks like on any wire and in `--json` output. */
export interface ErrorShape {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The one error class: `code` decides behaviour, `message` says what exactly was wrong and what was expected. */
export class BarnacleError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly hint: string;

  constructor(code: ErrorCode, message: string, extra: ErrorExtra = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = "BarnacleError";
    this.code = code;
    this.details = extra.details;
    this.hint = extra.hint ?? ERROR_TABLE[code].hint;
  }

  get entry(): ErrorEntry {
    return ERROR_TABLE[this.code];
  }

  get retryable(): boolean {
    return this.entry.retryable;
  }

  toShape(): ErrorShape {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint,
      retryable: this.retryable,
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** True when `error` is of the family and has one of `codes` (any code when none is given). */
export function hasCode(error: unknown, ...codes: ErrorCode[]): error is BarnacleError {
  return error instanceof BarnacleError && (codes.length === 0 || codes.includes(error.code));
}

/** Turns whatever was thrown into the family: foreign errors become `fallback` with the original as cause. */
export function toBarnacleError(error: unknown, fallback: ErrorCode = "INTERNAL"): BarnacleError {
  if (error instanceof BarnacleError) return error;
  return new BarnacleError(fallback, messageOf(error), { cause: error });
}

/** Rebuilds an error that travelled over a wire; an unknown code becomes INTERNAL and keeps its text. */
export function fromShape(shape: {
  code?: unknown;
  message?: unknown;
  hint?: unknown;
  details?: unknown;
}): BarnacleError {
  const message = typeof shape.message === "string" ? shape.message : "unnamed error";
  const details = typeof shape.details === "object" && shape.details !== null ? { ...shape.details } : undefined;
  const hint = typeof shape.hint === "string" ? shape.hint : undefined;
  if (isErrorCode(shape.code)) return new BarnacleError(shape.code, message, { details, hint });
  return new BarnacleError("INTERNAL", `${String(shape.code)}: ${message}`, { details, hint });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error (`EADDRINUSE`, `ENOENT`, …), if it is one. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : undefined;
}
