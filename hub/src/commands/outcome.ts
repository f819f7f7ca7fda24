import { BarnacleError, type ErrorShape, fromShape, isErrorCode } from "@barnacle/protocol/errors";
import type { CommandResult } from "@barnacle/protocol/schema";
import type { CommandCall, CommandOutcome, Decision } from "../services.ts";
import type { Reachable } from "./device-check.ts";
import type { Ending, JournalRow } from "./journal.ts";

export function outcomeOf(
  row: JournalRow,
  ending: Pick<Ending, "payload" | "durationMs">,
  duplicate: boolean,
  decision: Decision,
  policyMs: number,
): CommandOutcome {
  return {
    commandId: row.commandId,
    deviceId: row.deviceId,
    command: row.command,
    payload: ending.payload ?? {},
    durationMs: ending.durationMs,
    duplicate,
    decision,
    policyMs,
  };
}

/** Why a command that was begun, and has no result, can't be settled by sending it again. Undefined: it can. */
export function unanswerable({ command }: JournalRow, way: Reachable | BarnacleError): BarnacleError | undefined {
  if (!(way instanceof BarnacleError) && way.link.executesOnce) return undefined;
  const why =
    way instanceof BarnacleError
      ? `its device cannot be asked: ${way.message}`
      : "its device keeps no journal that could be asked";
  return new BarnacleError("COMMAND_OUTCOME_UNKNOWN", `${command} was sent before and had no answer, and ${why}`);
}

/** A node may use codes of its own; to the caller they are failures of the command, with the node's words. */
export function endingOf(result: CommandResult, nowMs: number): Ending {
  const ending = { finishedAt: nowMs, durationMs: result.durationMs };
  if (result.ok) return { ...ending, status: "done", payload: result.payload ?? {} };
  const wire = result.error ?? { code: "COMMAND_FAILED", message: "the device reported a failure without saying why" };
  const error = isErrorCode(wire.code)
    ? fromShape(wire)
    : new BarnacleError("COMMAND_FAILED", `${wire.code}: ${wire.message}`, { hint: wire.hint });
  const details = { ...wire.details, nodeError: { code: wire.code, message: wire.message } };
  return { ...ending, status: "failed", error: { ...error.toShape(), details } };
}

export function errorOf(shape: ErrorShape, row: JournalRow): BarnacleError {
  const { commandId, deviceId, command } = row;
  return fromShape({ ...shape, details: { ...shape.details, commandId, deviceId, command } });
}

export function principalOf(text: string): CommandCall["principal"] {
  const at = text.indexOf(":");
  return { kind: text.slice(0, at) as CommandCall["principal"]["kind"], id: text.slice(at + 1) };
}
