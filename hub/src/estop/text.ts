import type { StopState } from "../services.ts";

/** Since when, by whom and why. */
export function stopText({ by, reason, since }: Omit<StopState, "stopped">): string {
  const at = since === undefined ? "" : ` since ${new Date(since).toISOString().slice(0, 19)}Z`;
  return `an emergency stop holds${at}, by ${by ?? "somebody"}${reason ? `: ${reason}` : ""}`;
}
