import { type Static, Type } from "@sinclair/typebox";
import { nullable } from "../schema/common.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });

export const NodeListParams = Type.Object({});
export const NodeDescribeParams = Type.Object({ nodeId: Id });
export const NodeRenameParams = Type.Object({ nodeId: Id, displayName: Type.String({ minLength: 1, maxLength: 80 }) });

export const NodeInvokeParams = Type.Object({
  nodeId: Id,
  command: Type.String({ minLength: 1, maxLength: 200 }),
  params: Type.Optional(Type.Unknown()),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 600_000 })),
  idempotencyKey: Type.String({ minLength: 1, maxLength: 200 }),
});
export type NodeInvokeParams = Static<typeof NodeInvokeParams>;

/** Gateway to a WebSocket node: do this. Parameters travel as JSON text, null when the caller gave none. */
export const NodeInvokeRequest = Type.Object({
  id: Id,
  nodeId: Id,
  command: Type.String({ minLength: 1 }),
  paramsJSON: Type.Optional(nullable(Type.String())),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 0 })),
  idempotencyKey: Type.Optional(Type.String({ minLength: 1 })),
});
export type NodeInvokeRequest = Static<typeof NodeInvokeRequest>;

/** A node's sign that a command has begun, with a piece of what it puts out. */
export const NodeInvokeProgressParams = Type.Object({
  invokeId: Id,
  nodeId: Id,
  seq: Type.Integer({ minimum: 0 }),
  chunk: Type.String({ maxLength: 16_384 }),
});

/** A node's answer. Apps send null, or an object under `payloadJSON`; both are tolerated. */
export const NodeInvokeResultParams = Type.Object({
  id: Id,
  nodeId: Id,
  ok: Type.Boolean(),
  payload: Type.Optional(Type.Unknown()),
  payloadJSON: Type.Optional(Type.Unknown()),
  error: Type.Optional(
    nullable(
      Type.Object({ code: Type.Optional(nullable(Type.String())), message: Type.Optional(nullable(Type.String())) }),
    ),
  ),
});
export type NodeInvokeResultParams = Static<typeof NodeInvokeResultParams>;

export const NodeEventParams = Type.Object({
  event: Type.String({ minLength: 1, maxLength: 200 }),
  payload: Type.Optional(Type.Unknown()),
  payloadJSON: Type.Optional(nullable(Type.String())),
});
export type NodeEventParams = Static<typeof NodeEventParams>;

/** A node as operators see it, whichever wire it uses. */
export interface NodeObject {
  readonly nodeId: string;
  readonly displayName?: string;
  readonly platform?: string;
  readonly version?: string;
  readonly deviceFamily?: string;
  readonly modelIdentifier?: string;
  readonly remoteIp?: string;
  /** Sorted. */
  readonly caps: readonly string[];
  /** Sorted. */
  readonly commands: readonly string[];
  readonly pathEnv?: string;
  readonly permissions?: Readonly<Record<string, boolean>>;
  readonly connectedAtMs?: number;
  readonly paired: boolean;
  readonly connected: boolean;
  /** `pending-reapproval`: some commands are usable, others came later. */
  readonly approvalState: "approved" | "pending-approval" | "pending-reapproval";
  /** Offered, and unusable until an operator approves the request. */
  readonly pendingDeclaredCommands?: readonly string[];
  readonly pendingRequestId?: string;
  readonly clientId?: string;
  readonly clientMode?: string;
  /** It runs sessions of agents; none here does. */
  readonly sessionHost: boolean;
  /** Tools for agents that it offers. */
  readonly nodePluginTools: readonly object[];
  readonly lastConnectedAtMs?: number;
  readonly approvedAtMs?: number;
  readonly lastSeenAtMs?: number;
  readonly lastSeenReason?: string;
  readonly lastActiveAtMs?: number;
  readonly presenceUpdatedAtMs?: number;
  readonly hostStats?: object;
}
