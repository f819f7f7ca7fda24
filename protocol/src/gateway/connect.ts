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
  buildId: Type.Optional(Text),
  timeZone: Type.Optional(Text),
});
export type ConnectClient = Static<typeof ConnectClient>;

export const ConnectDevice = Type.Object({
  id: Text,
  publicKey: Text,
  signature: Text,
  signedAt: Type.Integer({ minimum: 0 }),
  nonce: Type.Optional(Text),
});
export type ConnectDevice = Static<typeof ConnectDevice>;

const Secret = Type.Optional(Type.String({ maxLength: 2000 }));

/** What the client proves its right with. Protocol 3 knows the first two. */
export const ConnectAuth = Type.Object({
  token: Secret,
  password: Secret,
  deviceToken: Secret,
  bootstrapToken: Secret,
  approvalRuntimeToken: Secret,
  agentRuntimeIdentityToken: Secret,
});
export type ConnectAuth = Static<typeof ConnectAuth>;

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
  auth: Type.Optional(ConnectAuth),
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

const IssuedToken = Type.Object({
  deviceToken: Text,
  role: Text,
  scopes: Type.Array(Type.String()),
  issuedAtMs: Type.Integer({ minimum: 0 }),
});
export type IssuedToken = Static<typeof IssuedToken>;

/** As whom the client was let in. Clients of protocol 3 get it with a device token only. */
export const HelloAuth = Type.Object({
  role: Text,
  scopes: Type.Array(Type.String()),
  deviceToken: Type.Optional(Text),
  issuedAtMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Tokens for further roles, from a setup code. */
  deviceTokens: Type.Optional(Type.Array(IssuedToken)),
});
export type HelloAuth = Static<typeof HelloAuth>;

/** The answer to `connect`. */
export const HelloOk = Type.Object({
  type: Type.Literal("hello-ok"),
  protocol: Type.Integer({ minimum: 1 }),
  server: Type.Object({ version: Text, host: Type.Optional(Text), bootId: Type.Optional(Text), connId: Text }),
  features: Type.Object({
    methods: Type.Array(Type.String()),
    events: Type.Array(Type.String()),
    /** Protocol 4: what clients may rely on besides. */
    capabilities: Type.Optional(Type.Array(Type.String())),
  }),
  snapshot: Snapshot,
  canvasHostUrl: Type.Optional(Text),
  pluginSurfaceUrls: Type.Optional(Type.Record(Type.String(), Text)),
  auth: Type.Optional(HelloAuth),
  policy: Type.Object({
    maxPayload: Type.Integer({ minimum: 1 }),
    maxBufferedBytes: Type.Integer({ minimum: 1 }),
    tickIntervalMs: Type.Integer({ minimum: 1 }),
  }),
});
export type HelloOk = Static<typeof HelloOk>;
