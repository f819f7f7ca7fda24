import { BarnacleError } from "@barnacle/protocol/errors";

/** What a convoy is, as its bead's status says. */
export const CONVOY_STATES = ["staged_ready", "staged_warnings", "open", "closed"] as const;
export type ConvoyState = (typeof CONVOY_STATES)[number];

/**
 * From each state to which others. Staging again moves between the two staged ones, launching opens, closing a staged one
 * cancels it, adding work to a closed one opens it again; what was launched once is never staged again.
 */
export const TRANSITIONS: Readonly<Record<ConvoyState, readonly ConvoyState[]>> = {
  staged_ready: ["staged_warnings", "open", "closed"],
  staged_warnings: ["staged_ready", "open", "closed"],
  open: ["closed"],
  closed: ["open"],
};

export function isConvoyState(word: string): word is ConvoyState {
  return (CONVOY_STATES as readonly string[]).includes(word);
}

export function isStaged(state: string): boolean {
  return state === "staged_ready" || state === "staged_warnings";
}

/** @returns false when it is there already @throws CONVOY_REFUSED naming both states */
export function checkTransition(id: string, from: string, to: ConvoyState): boolean {
  if (from === to) return false;
  if (isConvoyState(from) && TRANSITIONS[from].includes(to)) return true;
  throw new BarnacleError("CONVOY_REFUSED", `${id} cannot go from ${from} to ${to}`, { details: { id, from, to } });
}
