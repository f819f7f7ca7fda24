/** Older sets of words for convoys, and calls on them. Without imports: the gateway's table of methods names them at the start. */
export const CONVOY_SETS = ["store", "workspace", "extension"] as const;
export const LEGACY_CONVOY_CALLS = [
  "create",
  "add",
  "assign",
  "start",
  "merge",
  "block",
  "unblock",
  "handoff",
  "complete",
  "fail",
  "cancel",
] as const;

/** Of a convoy store, of work inside a workspace, and of the extension on top of both. */
export type ConvoySet = (typeof CONVOY_SETS)[number];
export type LegacyConvoyCallName = (typeof LEGACY_CONVOY_CALLS)[number];
