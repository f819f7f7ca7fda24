import { BarnacleError, type ErrorCode, hasCode } from "@barnacle/protocol/errors";
import { coversScopes } from "@barnacle/protocol/gateway";
import type { PendingPairing } from "../../services.ts";
import { approveScopes } from "../views.ts";
import { WireError } from "../wire-error.ts";
import { type MethodContext, missingScope } from "./method.ts";

const UNKNOWN: readonly ErrorCode[] = ["REQUEST_UNKNOWN", "DEVICE_UNKNOWN", "NOT_FOUND", "NOT_PAIRED"];

/** Says in the wire's words that something does not exist. */
export async function known<T>(message: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (error instanceof BarnacleError && hasCode(error, ...UNKNOWN)) {
      throw new WireError(error, { code: "INVALID_REQUEST", message });
    }
    throw error;
  }
}

/**
 * Nobody takes away from a device, or renews for it, what he has not himself; a device may do so with itself.
 * @throws FORBIDDEN
 */
export function withinReach(deviceId: string, { hub, caller }: MethodContext): void {
  if (caller.deviceId === deviceId) return;
  const scopes = hub.devices.get(deviceId)?.scopes ?? [];
  const missing = scopes.find((scope) => !coversScopes(caller.scopes, [scope]));
  if (missing !== undefined) throw missingScope(missing);
}

/** The request that waits under this id. @throws FORBIDDEN when the caller would give away what he has not */
export function decidable(requestId: string, { hub, caller }: MethodContext): PendingPairing | undefined {
  const request = hub.devices.pending().find((one) => one.requestId === requestId);
  const missing = request && approveScopes(request).find((scope) => !coversScopes(caller.scopes, [scope]));
  if (missing !== undefined) throw missingScope(missing);
  return request;
}
