import { BarnacleError, type ErrorShape } from "@barnacle/protocol/errors";
import type { VoiceTurnReport } from "@barnacle/protocol/schema";
import type { InboxEntry, Principal, TurnRecord } from "../services.ts";

export const VOICE_CHANNEL = "voice";
export const TEXT_CHANNEL = "text";

/** A spoken turn as first stored. */
export function spokenTurn(deviceId: string, room: string | undefined, report: VoiceTurnReport): TurnRecord {
  const { turnId, startedAt, outcome, wake, transcript, confidence, recogniser, reason } = report;
  return {
    turnId,
    source: "voice",
    deviceId,
    ...(room === undefined ? {} : { room }),
    startedAt,
    status: "received",
    outcome,
    wake,
    ...(transcript === undefined ? {} : { transcript }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(recogniser === undefined ? {} : { recogniser }),
    ...(reason === undefined ? {} : { reason }),
    commands: [],
    ok: false,
    spans: report.spans,
  };
}

/** A typed turn as first stored. */
export function typedTurn(turnId: string, text: string, room: string | undefined, startedAt: number): TurnRecord {
  return {
    turnId,
    source: "text",
    ...(room === undefined ? {} : { room }),
    startedAt,
    status: "received",
    outcome: "transcript",
    transcript: text,
    commands: [],
    ok: false,
    spans: [],
  };
}

/** The message that a turn is to the inbox. */
export function incoming(turn: TurnRecord, principal: Principal): InboxEntry {
  return {
    channel: turn.source === "voice" ? VOICE_CHANNEL : TEXT_CHANNEL,
    account: principal.id,
    externalId: turn.turnId,
    direction: "in",
    sender: principal.name ?? principal.id,
    text: turn.transcript ?? "",
    ...(turn.room === undefined ? {} : { room: turn.room }),
    turnId: turn.turnId,
    at: turn.startedAt,
    metadata: { outcome: turn.outcome },
  };
}

/** The message that its reply is. */
export function outgoing(turn: TurnRecord, principal: Principal, at: number): InboxEntry {
  return {
    channel: turn.source === "voice" ? VOICE_CHANNEL : TEXT_CHANNEL,
    account: principal.id,
    externalId: `${turn.turnId}-reply`,
    direction: "out",
    sender: "barnacle",
    text: turn.reply ?? "",
    ...(turn.room === undefined ? {} : { room: turn.room }),
    turnId: turn.turnId,
    replyTo: turn.turnId,
    at,
    metadata: { ok: turn.ok, ...(turn.intent === undefined ? {} : { intent: turn.intent }) },
  };
}

/** What is said when nothing was heard that could be answered. */
export function unheard(turn: TurnRecord): { readonly reply: string; readonly error: ErrorShape } {
  switch (turn.outcome) {
    case "no-speech":
      return { reply: "", error: shape("NO_SPEECH", turn.reason ?? "nothing was said after the wake phrase") };
    case "failed":
      return {
        reply: "Sorry, I cannot listen properly at the moment.",
        error: shape("HARDWARE_UNAVAILABLE", turn.reason ?? "the recogniser failed"),
      };
    default:
      return {
        reply: "Sorry, I didn't catch that.",
        error: shape("NOT_UNDERSTOOD", turn.reason ?? "what was said is none of the household's sentences"),
      };
  }
}

export function shape(
  code:
    | "NO_SPEECH"
    | "HARDWARE_UNAVAILABLE"
    | "NOT_UNDERSTOOD"
    | "TIMEOUT"
    | "HUB_STOPPING"
    | "COMMAND_OUTCOME_UNKNOWN",
  text: string,
) {
  return new BarnacleError(code, text).toShape();
}
