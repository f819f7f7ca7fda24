import type { GatewayClientOptions } from "@openclaw/gateway-client";
import { type DeviceIdentity, privateKeyPem } from "../identity/index.ts";

/** What is used of the client that OpenClaw publishes. */
export interface Client {
  start(): void;
  stopAndWait(options?: { timeoutMs?: number }): Promise<void>;
  request<T = Record<string, unknown>>(method: string, params?: unknown, options?: { timeoutMs?: number }): Promise<T>;
}

export type MakeClient = (options: GatewayClientOptions) => Client;

/** The library is loaded when the first connection is wanted: a node without an uplink does not pay for it. */
export async function loadClient(): Promise<MakeClient> {
  const { GatewayClient } = await import("@openclaw/gateway-client");
  return (options) => new GatewayClient(options);
}

/**
 * Identity and signed text for the client. Gateways of January verify the older form of that text, which lacks platform and
 * family; today's accept both, and the newer one binds more. The client leaves the family out exactly when it speaks to a
 * gateway of January as a node; for an operator's connection the caller knows.
 */
export function signing(identity: DeviceIdentity, protocol: 3 | 4 | undefined) {
  return {
    deviceIdentity: { deviceId: identity.deviceId, privateKeyPem: privateKeyPem(identity), publicKeyPem: "" },
    textFor: (text: string) => (protocol === 3 || text.endsWith("|") ? olderForm(text) : text),
  };
}

/** `v3|…eight fields…|platform|family` → `v2|…eight fields…` */
export function olderForm(text: string): string {
  const [version, ...fields] = text.split("|");
  return version === "v3" ? ["v2", ...fields.slice(0, -2)].join("|") : text;
}
