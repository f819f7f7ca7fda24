import type { ConnectDevice, ConnectParams, ProtocolVersion } from "@barnacle/protocol/gateway";
import {
  type DeviceAuthVersion,
  deviceAuthPayload,
  ownsId,
  rawPublicKey,
  verifyText,
} from "@barnacle/protocol/identity";
import type { DeviceFlaw } from "./refusals.ts";

/** How far a client's clock may be off, either way. */
const SKEW_MS = 10 * 60_000;

export interface Challenge {
  readonly nonce: string;
  /** When it was sent; clients of protocol 4 sign this time instead of their own. */
  readonly sentAt: number;
}

export interface ProofRequest {
  readonly params: ConnectParams;
  readonly device: ConnectDevice;
  readonly protocol: ProtocolVersion;
  readonly role: string;
  readonly challenge: Challenge;
  readonly local: boolean;
  readonly now: number;
}

/** What is wrong with a client's proof of its key; undefined when nothing is. */
export function deviceFlaw(request: ProofRequest): DeviceFlaw | undefined {
  const { device, challenge, local, now } = request;
  if (!isKey(device.publicKey)) return "key";
  if (!ownsId(device.id, device.publicKey)) return "identity";
  const answersChallenge = device.signedAt === challenge.sentAt && device.nonce !== undefined;
  if (!answersChallenge && Math.abs(now - device.signedAt) > SKEW_MS) return "expired";
  if (device.nonce === undefined && !local) return "no-nonce";
  if (device.nonce !== undefined && device.nonce !== challenge.nonce) return "other-nonce";
  return versions(request).some((version) => isSigned(request, version)) ? undefined : "signature";
}

/** The likeliest first: a signature costs more to check than anything else in a connect. */
function versions({ device, protocol }: ProofRequest): readonly DeviceAuthVersion[] {
  if (device.nonce === undefined) return [1];
  return protocol === 3 ? [2, 3] : [3, 2];
}

function isSigned({ params, device, role }: ProofRequest, version: DeviceAuthVersion): boolean {
  const { client, auth } = params;
  const payload = deviceAuthPayload(
    {
      deviceId: device.id,
      clientId: client.id,
      clientMode: client.mode,
      role,
      scopes: params.scopes ?? [],
      signedAtMs: device.signedAt,
      token: auth?.token || auth?.deviceToken || auth?.bootstrapToken,
      nonce: device.nonce,
      platform: client.platform,
      deviceFamily: client.deviceFamily,
    },
    version,
  );
  return verifyText(device.publicKey, payload, device.signature);
}

function isKey(publicKey: string): boolean {
  try {
    return rawPublicKey(publicKey).length === 32;
  } catch {
    // Whatever it is, it is no key.
    return false;
  }
}
