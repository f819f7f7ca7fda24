import type { JsonObject } from "@barnacle/protocol/schema";

export const RUN = "system.run";

/** A node host believes `approved`; only the hub may say it, whatever the caller wrote. */
export function withoutClaims({
  command,
  params,
}: {
  readonly command: string;
  readonly params: JsonObject;
}): JsonObject {
  if (command !== RUN) return params;
  const { approved: _approved, approvalDecision: _decision, ...rest } = params;
  return rest;
}
