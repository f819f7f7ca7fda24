import { hasCode } from "@barnacle/protocol/errors";

/** What the shell gets: the same three everywhere. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOf(error: unknown): ExitCode {
  return hasCode(error, "USAGE") ? EXIT.usage : EXIT.failed;
}
