import { type Static, Type } from "@sinclair/typebox";
import { DeviceId, DurationMs, RoomName, SiteId, TimestampMs } from "../schema/common.ts";
import { Fingerprint } from "./authority.ts";

/** Paths on the hub's HTTP port. Both take and give JSON; a refusal is `{error: {code, message, hint}}`. */
export const PAIR_CHALLENGE_PATH = "/barnacle/v1/pair/challenge";
export const PAIR_PATH = "/barnacle/v1/pair";

export const PairChallengeRequest = Type.Object({ deviceId: DeviceId });
export type PairChallengeRequest = Static<typeof PairChallengeRequest>;

/** A nonce for one attempt of one device. */
export const PairChallenge = Type.Object({
  nonce: Type.String({ minLength: 16, maxLength: 64 }),
  site: SiteId,
  hubName: Type.String(),
  expiresAt: TimestampMs,
});
export type PairChallenge = Static<typeof PairChallenge>;

export const PairRequest = Type.Object({
  device: Type.Object({
    id: DeviceId,
    /** base64url of the raw Ed25519 key. */
    publicKey: Type.String({ minLength: 40, maxLength: 200 }),
    nonce: Type.String({ minLength: 16, maxLength: 64 }),
    /** Over `pairingProofText`, base64url. */
    signature: Type.String({ minLength: 80, maxLength: 100 }),
  }),
  name: Type.String({ minLength: 1, maxLength: 80 }),
  room: Type.Optional(RoomName),
  platform: Type.String({ minLength: 1, maxLength: 40 }),
  agentVersion: Type.String({ minLength: 1, maxLength: 40 }),
  capabilities: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 200 }),
  commands: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 200 }),
  /** The secret part of a setup code alone; see `readSetupCode`. */
  setupCode: Type.Optional(Type.String({ minLength: 4, maxLength: 40 })),
  /** The authority that the device saw and pins, absent over plain text. It is signed, so a relay in between shows. */
  authority: Type.Optional(Fingerprint),
});
export type PairRequest = Static<typeof PairRequest>;

/** Asked again every `pollAfterMs` while pending; a paired device gets the broker's address, as often as it asks. */
export const PairAnswer = Type.Union([
  Type.Object({
    status: Type.Literal("paired"),
    site: SiteId,
    mqtt: Type.Object({ port: Type.Integer(), tls: Type.Boolean() }),
    /** The certificate of the hub's authority, PEM, when the broker speaks TLS. */
    authority: Type.Optional(Type.String({ maxLength: 8000 })),
    /** The device's token for MQTT; told until the device has used it, so that a lost answer does no harm. */
    token: Type.Optional(Type.String({ minLength: 16, maxLength: 200 })),
  }),
  Type.Object({
    status: Type.Literal("pending"),
    requestId: Type.String(),
    expiresAt: TimestampMs,
    pollAfterMs: DurationMs,
  }),
]);
export type PairAnswer = Static<typeof PairAnswer>;
