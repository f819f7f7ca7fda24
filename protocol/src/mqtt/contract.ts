import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { NodeActual, NodeWanted } from "../node-config/wanted.ts";
import { CapabilityManifest } from "../schema/capability.ts";
import { CommandRequest, CommandResult } from "../schema/command.ts";
import { JsonObject, literals, MessageId, RoomName, SiteId, TimestampMs } from "../schema/common.ts";
import { BoardTelemetry } from "../schema/telemetry.ts";
import { VoiceTurnReply, VoiceTurnReport, VoiceTurnSpoken, WakeDetection } from "../schema/voice.ts";

/** Birth and will. The will carries the incarnation of the connection it belongs to, so a late one never hides a live node. */
export const NodeState = Type.Object({
  status: literals(["online", "offline"]),
  incarnation: Type.Integer({ minimum: 0 }),
  agentVersion: Type.String({ minLength: 1, maxLength: 40 }),
  /** `lost` in the will, `stopping` in a farewell. */
  reason: Type.Optional(Type.String({ maxLength: 200 })),
});
export type NodeState = Static<typeof NodeState>;

/** The grammar of the household, made by the hub from its rooms, appliances and intents. */
export const GrammarConfig = Type.Object({
  /** SHA-256 hex of `jsgf`. */
  hash: Type.String({ minLength: 8, maxLength: 64 }),
  jsgf: Type.String({ maxLength: 200_000 }),
  /** Pronunciations (ARPAbet) for words outside the recogniser's dictionary. */
  pronunciations: Type.Record(Type.String(), Type.String()),
  /** Any words at all are wanted instead of these sentences. */
  open: Type.Optional(Type.Boolean()),
});
export type GrammarConfig = Static<typeof GrammarConfig>;

/** What the household wants of a node: sent after each birth and when it changes; the node keeps it for when the hub is away. */
export const NodeConfig = Type.Object({
  hubVersion: Type.String(),
  /** The room that the registry holds for this node; it wins over the node's own config. */
  room: Type.Optional(RoomName),
  wakeWords: Type.Array(Type.String({ minLength: 1, maxLength: 80 }), { maxItems: 20 }),
  grammar: Type.Optional(GrammarConfig),
});
export type NodeConfig = Static<typeof NodeConfig>;

/** A wake phrase was heard; the turn with the same id follows. */
export const WakeEvent = Type.Intersect([WakeDetection, Type.Object({ turnId: MessageId, heardAt: TimestampMs })]);
export type WakeEvent = Static<typeof WakeEvent>;

/** Anything else a node noticed: `microphone.lost`, `gpio.edge`. */
export const NoticeEvent = Type.Object({
  kind: Type.String({ minLength: 1, maxLength: 64 }),
  at: TimestampMs,
  data: JsonObject,
});
export type NoticeEvent = Static<typeof NoticeEvent>;

/** The hub has stored these messages of the node (turns and spoken reports); the node may forget them. */
export const StoredAck = Type.Object({ ids: Type.Array(MessageId, { minItems: 1, maxItems: 100 }) });
export type StoredAck = Static<typeof StoredAck>;

/** A new token of this node. The old one is good until the node has connected with this one. */
export const LinkToken = Type.Object({ token: Type.String({ minLength: 16, maxLength: 200 }) });
export type LinkToken = Static<typeof LinkToken>;

export type Direction = "node-to-hub" | "hub-to-node";

export interface TopicSpec<T extends TSchema = TSchema> {
  /** Levels below `barnacle/<site>/v1/<node>/`; `+` stands for one id. */
  readonly path: string;
  readonly schema: T;
  readonly direction: Direction;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly summary: string;
}

function topic<T extends TSchema>(
  path: string,
  direction: Direction,
  qos: 0 | 1,
  retain: boolean,
  schema: T,
  summary: string,
): TopicSpec<T> {
  return { path, direction, qos, retain, schema, summary };
}

/** The whole MQTT contract. Broker permissions, encoding, decoding, docs and tests are all driven from this table. */
export const MQTT_CONTRACT = {
  state: topic("state", "node-to-hub", 1, true, NodeState, "birth, farewell and last will"),
  caps: topic("caps", "node-to-hub", 1, true, CapabilityManifest, "what the node can do; on change only"),
  telemetry: topic("tele/board", "node-to-hub", 0, false, BoardTelemetry, "board health, every 10 s with jitter"),
  wake: topic("event/wake", "node-to-hub", 1, false, WakeEvent, "a wake phrase was heard"),
  notice: topic("event/notice", "node-to-hub", 1, false, NoticeEvent, "something else the node noticed"),
  turn: topic("turn", "node-to-hub", 1, false, VoiceTurnReport, "a finished utterance; repeated until acknowledged"),
  spoken: topic(
    "spoken",
    "node-to-hub",
    1,
    false,
    VoiceTurnSpoken,
    "the reply was played; repeated until acknowledged",
  ),
  result: topic("res/+", "node-to-hub", 1, false, CommandResult, "outcome of a command"),
  command: topic("cmd/+", "hub-to-node", 1, false, CommandRequest, "a command to execute at most once"),
  reply: topic("reply/+", "hub-to-node", 1, false, VoiceTurnReply, "the answer to a turn"),
  ack: topic("ack", "hub-to-node", 1, false, StoredAck, "ids of messages now stored"),
  token: topic("token", "hub-to-node", 1, false, LinkToken, "a new token to connect with from now on"),
  config: topic("config", "hub-to-node", 1, false, NodeConfig, "wake words, grammar, room; after each birth"),
  wanted: topic("wanted", "hub-to-node", 1, false, NodeWanted, "the configuration that the hub wants of the node"),
  actual: topic("actual", "node-to-hub", 1, false, NodeActual, "the configuration in force; after birth and on change"),
} as const satisfies Record<string, TopicSpec>;

export type TopicName = keyof typeof MQTT_CONTRACT;
export type TopicBody<N extends TopicName> = Static<(typeof MQTT_CONTRACT)[N]["schema"]>;

/** Header of every JSON message. Times are the sender's wall clock. */
export const Envelope = Type.Object({
  v: Type.Literal(1),
  id: MessageId,
  ts: TimestampMs,
  /** After this the receiver drops the message. */
  exp: Type.Optional(TimestampMs),
  /** W3C trace context `traceparent`. */
  trace: Type.Optional(Type.String({ pattern: "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$" })),
  body: Type.Unknown(),
});

/** Audio frames are raw: `audio/<stream>`, 16-byte header (stream, sequence, time), then PCM. Node to hub, QoS 0. */
export const AUDIO_PATH = "audio/+";
export const TOPIC_ROOT = "barnacle";
export const TOPIC_VERSION = "v1";
export { SiteId };
