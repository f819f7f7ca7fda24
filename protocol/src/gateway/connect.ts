import { type Static, Type } from "@sinclair/typebox";
import { literals } from "../schema/common.ts";
import { CLIENT_IDS, CLIENT_MODES } from "./clients.ts";
import { StateVersion } from "./frames.ts";
import { PresenceEntry } from "./presence.ts";

const Text = Type.String({ minLength: 1, maxLength: 2000 });
const Words = Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 500 });

export const ConnectClient = Type.Object({
  id: literals(CLIENT_IDS),
  displayName: Type.Optional(Text),
  version: Text,
  platform: Text,
  deviceFamily: Type.Optional(Text),
  modelIdentifier: Type.Optional(Text),
  mode: literals(CLIENT_MODES),
  instanceId: Type.Optional(Text),
});

export const ConnectDevice = Type.Object({
  id: Text,
  publicKey: Text,
  signature: Text,
  signedAt: Type.Integer({ minimum: 0 }),
  nonce: Type.Optional(Text),
});
export type ConnectDevice = Static<typeof ConnectDevice>;

/** First request of every connection. */
export const ConnectParams = Type.Object({
  minProtocol: Type.Integer({ minimum: 1 }),
  maxProtocol: Type.Integer({ minimum: 1 }),
  client: ConnectClient,
  caps: Type.Optional(Words),
  commands: Type.Optional(Words),
  permissions: Type.Optional(Type.Record(Type.String(), Type.Boolean())),
  pathEnv: Type.Optional(Type.String({ maxLength: 20_000 })),
  role: Type.Optional(Text),
  scopes: Type.Optional(Words),
  device: Type.Optional(ConnectDevice),
  auth: Type.Optional(Type.Object({ token: Type.Optional(Type.String()), password: Type.Optional(Type.String()) })),
  locale: Type.Optional(Type.String()),
  userAgent: Type.Optional(Type.String()),
});
export type ConnectParams = Static<typeof ConnectParams>;

/** First event of every connection. */
export const ConnectChallenge = Type.Object({ nonce: Text, ts: Type.Integer({ minimum: 0 }) });
export type ConnectChallenge = Static<typeof ConnectChallenge>;

export const SessionDefaults = Type.Object({
  defaultAgentId: Text,
  mainKey: Text,
  mainSessionKey: Text,
  scope: Type.Optional(Text),
});

export const Snapshot = Type.Object({
  presence: Type.Array(PresenceEntry),
  health: Type.Unknown(),
  stateVersion: StateVersion,
  uptimeMs: Type.Integer({ minimum: 0 }),
  configPath: Type.Optional(Text),
  stateDir: Type.Optional(Text),
  sessionDefaults: Type.Optional(SessionDefaults),
});

/** The answer to `connect`. */
export const HelloOk = Type.Object({
  type: Type.Literal("hello-ok"),
  protocol: Type.Integer({ minimum: 1 }),
  server: Type.Object({ version: Text, host: Type.Optional(Text), connId: Text }),
  features: Type.Object({ methods: Type.Array(Type.String()), events: Type.Array(Type.String()) }),
  snapshot: Snapshot,
  canvasHostUrl: Type.Optional(Text),
  auth: Type.Optional(
    Type.Object({
      deviceToken: Text,
      role: Text,
      scopes: Type.Array(Type.String()),
      issuedAtMs: Type.Optional(Type.Integer({ minimum: 0 })),
    }),
  ),
  policy: Type.Object({
    maxPayload: Type.Integer({ minimum: 1 }),
    maxBufferedBytes: Type.Integer({ minimum: 1 }),
    tickIntervalMs: Type.Integer({ minimum: 1 }),
  }),
});
export type HelloOk = Static<typeof HelloOk>;
