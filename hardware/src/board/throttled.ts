import type { BoardTelemetry } from "@barnacle/protocol/schema";

/** What the Raspberry Pi's firmware can complain of; "since boot" is the same bit 16 places up. */
const COMPLAINTS = [
  [0, "under-voltage"],
  [1, "frequency capped"],
  [2, "throttled"],
  [3, "soft temperature limit"],
] as const;
const SINCE_BOOT = 16;

/** Reads the firmware's hexadecimal word. Reasons that hold only since boot are marked as past. */
export function parseThrottled(text: string): BoardTelemetry["throttled"] | undefined {
  const digits = /^(?:0x)?([0-9a-f]+)$/i.exec(text.trim())?.[1];
  if (digits === undefined) return undefined;
  const word = Number.parseInt(digits, 16);
  const has = (bit: number): boolean => (word & (2 ** bit)) !== 0;
  const reasons = COMPLAINTS.flatMap(([bit, name]) => {
    if (has(bit)) return [name];
    return has(bit + SINCE_BOOT) ? [`${name} (past)`] : [];
  });
  return {
    now: COMPLAINTS.some(([bit]) => has(bit)),
    since: COMPLAINTS.some(([bit]) => has(bit + SINCE_BOOT)),
    reasons,
  };
}
