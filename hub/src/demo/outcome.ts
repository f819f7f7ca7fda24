import { BarnacleError } from "@barnacle/protocol/errors";
import type { TurnRecord } from "../services.ts";

/** Undefined when the turn did what was asked; else why not, in words for a person. */
export function refusalOf(turn: TurnRecord): BarnacleError | undefined {
  const failed = turn.commands.find((command) => !command.ok);
  if (failed?.error) {
    const { code, message, hint } = failed.error;
    return new BarnacleError(code, `${failed.command}: ${message}`, { hint });
  }
  if (turn.ok) return undefined;
  const why = turn.reason ?? turn.error?.message;
  switch (turn.outcome) {
    case "no-speech":
      return new BarnacleError("NO_SPEECH", "the wake phrase was heard, but nothing was said after it");
    case "rejected":
      return new BarnacleError("NOT_UNDERSTOOD", `not understood: ${why ?? "no sentence of the household fits"}`);
    case "failed":
      return new BarnacleError(
        "HARDWARE_UNAVAILABLE",
        `the node could not recognise speech: ${why ?? "no reason given"}`,
      );
    default:
      return turn.error
        ? new BarnacleError(turn.error.code, turn.error.message, { hint: turn.error.hint })
        : new BarnacleError("NOT_UNDERSTOOD", why ?? turn.reply ?? "the turn was not carried out");
  }
}
