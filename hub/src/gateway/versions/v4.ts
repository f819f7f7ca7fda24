import type { HelloOk } from "@barnacle/protocol/gateway";
import type { WireVersion } from "./version.ts";

/** Today's OpenClaw: what the methods speak already. */
export const v4: WireVersion = {
  protocol: 4,
  params: (_method, params) => params,
  result: (method, result) => RESULTS[method]?.(result) ?? result,
  error: (body) => body,
  hello({ server: { host: _, ...server }, canvasHostUrl: _url, ...hello }): HelloOk {
    return { ...hello, server, snapshot: { ...hello.snapshot, health: ownMembersOut(hello.snapshot.health) } };
  },
  closeReason({ message, details }) {
    const { requestId } = (details ?? {}) as { requestId?: unknown };
    return typeof requestId === "string" ? `${message} (requestId: ${requestId})` : message;
  },
};

/** A new token leaves only towards the device that it is for. */
const RESULTS: Readonly<Record<string, (result: unknown) => unknown>> = {
  "device.token.rotate": (result) => {
    const { token: _, ...rest } = result as { token: string; tokenDelivery: string };
    return rest.tokenDelivery === "in-band" ? result : rest;
  },
};

/** The published schema of the hello is closed. */
function ownMembersOut(health: unknown): unknown {
  const { barnacle: _, ...rest } = health as { barnacle?: unknown };
  return rest;
}
