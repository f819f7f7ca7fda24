import { type Static, Type } from "@sinclair/typebox";
import { DurationMs, literals, MessageId, RoomName, TimestampMs } from "./common.ts";

/** A detected wake phrase. */
export const WakeDetection = Type.Object({
  engine: Type.String({ minLength: 1, maxLength: 40 }),
  phrase: Type.String({ minLength: 1, maxLength: 80 }),
  /** 0 to 1; engines without a score give 1. */
  score: Type.Number({ minimum: 0, maximum: 1 }),
  /** From the frame in which the phrase was heard to the event, inside the node. */
  latencyMs: DurationMs,
  /** Loudness of the last second before detection. */
  loudnessDbfs: Type.Optional(Type.Number({ maximum: 0 })),
});
export type WakeDetection = Static<typeof WakeDetection>;

/** Stages of a turn, in the order they normally happen. */
export const TURN_STAGES = [
  "wake",
  "listen",
  "endpoint",
  "recognise",
  "deliver",
  "intent",
  "policy",
  "route",
  "command",
  "agent",
  "reply",
  "synthesise",
  "play",
] as const;
export const TurnStage = literals(TURN_STAGES);
export type TurnStage = (typeof TURN_STAGES)[number];

/** One stage with its time. `startMs` counts from the turn's own start (the wake detection), on the clock of who measured it. */
export const TurnSpan = Type.Object({ stage: TurnStage, startMs: Type.Number(), durationMs: DurationMs });
export type TurnSpan = Static<typeof TurnSpan>;

export const TURN_OUTCOMES = ["transcript", "rejected", "no-speech", "failed"] as const;

/** What a node heard in one turn. Sent until the hub acknowledges it; a repeated `turnId` is the same turn. */
export const VoiceTurnReport = Type.Object({
  turnId: MessageId,
  room: Type.Optional(RoomName),
  startedAt: TimestampMs,
  wake: WakeDetection,
  outcome: literals(TURN_OUTCOMES),
  /** Present when the outcome is `transcript`. */
  transcript: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })),
  /** 0 to 1. */
  confidence: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  recogniser: Type.Optional(Type.String({ maxLength: 40 })),
  /** Why there is no transcript. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** Length of the utterance that was recognised. */
  audioMs: Type.Optional(DurationMs),
  spans: Type.Array(TurnSpan, { maxItems: 40 }),
});
export type VoiceTurnReport = Static<typeof VoiceTurnReport>;

/** The hub's answer to a turn; it also tells the node that the turn is safely stored. */
export const VoiceTurnReply = Type.Object({
  turnId: MessageId,
  /** What to say; empty: nothing. */
  text: Type.String({ maxLength: 4000 }),
  intent: Type.Optional(Type.String()),
  ok: Type.Boolean(),
});
export type VoiceTurnReply = Static<typeof VoiceTurnReply>;

/** After the reply was spoken (or could not be): the stages that only the node sees. */
export const VoiceTurnSpoken = Type.Object({
  turnId: MessageId,
  spoken: Type.Boolean(),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  spans: Type.Array(TurnSpan, { maxItems: 40 }),
});
export type VoiceTurnSpoken = Static<typeof VoiceTurnSpoken>;
