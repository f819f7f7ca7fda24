import { type Static, Type } from "@sinclair/typebox";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Scopes = Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 50 });

/** Operator scopes of protocols 3 and 4. Admin includes all others, write includes read and talk. */
export const SCOPES = {
  admin: "operator.admin",
  read: "operator.read",
  write: "operator.write",
  approvals: "operator.approvals",
  pairing: "operator.pairing",
  questions: "operator.questions",
  talk: "operator.talk",
  talkSecrets: "operator.talk.secrets",
} as const;
export type ScopeName = keyof typeof SCOPES;

/** Whether somebody with the scopes `held` may do what needs `wanted`. Source: OpenClaw gateway protocol 4, "scopes". */
export function grants(held: readonly string[], wanted: ScopeName): boolean {
  if (held.includes(SCOPES.admin) || held.includes(SCOPES[wanted])) return true;
  return (wanted === "read" || wanted === "talk") && held.includes(SCOPES.write);
}

/** Whether what is `held` includes all that is `wanted`, a scope that is implied by another counting as held. */
export function coversScopes(held: readonly string[], wanted: readonly string[]): boolean {
  const implied = held.includes(SCOPES.write) ? [SCOPES.read, SCOPES.talk] : [];
  return held.includes(SCOPES.admin) || wanted.every((scope) => [...held, ...implied].includes(scope));
}

export const PairRequestIdParams = Type.Object({ requestId: Id });
export const DevicePairListParams = Type.Object({});
export const DeviceTokenRotateParams = Type.Object({ deviceId: Id, role: Id, scopes: Type.Optional(Scopes) });
export type DeviceTokenRotateParams = Static<typeof DeviceTokenRotateParams>;
export const DeviceTokenRevokeParams = Type.Object({ deviceId: Id, role: Id });

/** A token without its secret. */
export interface TokenSummary {
  readonly role: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly rotatedAtMs?: number;
  readonly revokedAtMs?: number;
  readonly lastUsedAtMs?: number;
}

export interface PairedDevice {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly role?: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly remoteIp?: string;
  /** Sorted by role. */
  readonly tokens: readonly TokenSummary[];
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
}

/** A pairing request as it is listed and announced. */
export interface PendingDevice {
  readonly requestId: string;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  readonly role: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly remoteIp?: string;
  readonly silent: boolean;
  readonly isRepair: boolean;
  readonly ts: number;
}
