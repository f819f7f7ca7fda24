import { type BarnacleError, type ErrorCode, toBarnacleError } from "@barnacle/protocol/errors";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { type JsonObject, TURN_STAGES, type TurnSpan } from "@barnacle/protocol/schema";
import type { TurnRecord } from "../services.ts";

/** What `barnacle demo --once --json` prints. Absent facts are null; times are milliseconds. */
export interface DemoSummary {
  readonly ok: boolean;
  /** Why not; absent when `ok`. */
  readonly reason?: string;
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly wake: { engine: string; phrase: string; score: number; latencyMs: number } | null;
  readonly transcript: string | null;
  readonly intent: string | null;
  readonly route: { nodeId: string; why: string } | null;
  readonly command: { nodeId: string; command: string; params: JsonObject } | null;
  readonly result: JsonObject | null;
  readonly reply: string | null;
  /**
   * One number per stage. `speechEndToAction` runs from the moment the pause was taken for the end of speech until the
   * command was carried out (or, without a command, the answer was ready): recognition, delivery, intent, policy, routing.
   */
  readonly stages: Readonly<Record<string, number>>;
}

const NOTHING = {
  wake: null,
  transcript: null,
  intent: null,
  route: null,
  command: null,
  result: null,
  reply: null,
  stages: {},
} as const;

/** Before or instead of a turn: bad file, process gone, nothing heard. */
export function failedSummary(error: unknown, wake?: WakeEvent, turn?: TurnRecord): DemoSummary {
  const { message, code, hint } = toBarnacleError(error);
  return { ok: false, reason: message, code, hint, ...partsOf(wake, turn) };
}

/** A turn that ran to its end, well or not. */
export function turnSummary(wake: WakeEvent, turn: TurnRecord, refused: BarnacleError | undefined): DemoSummary {
  return refused ? failedSummary(refused, wake, turn) : { ok: true, ...partsOf(wake, turn) };
}

function partsOf(wake: WakeEvent | undefined, turn: TurnRecord | undefined): Omit<DemoSummary, "ok"> {
  const first = turn?.commands[0];
  return {
    ...NOTHING,
    wake: wake
      ? { engine: wake.engine, phrase: wake.phrase, score: wake.score, latencyMs: wake.latencyMs }
      : NOTHING.wake,
    transcript: turn?.transcript ?? null,
    intent: turn?.intent ?? null,
    route: turn?.route ? { nodeId: turn.route.deviceId, why: turn.route.why } : null,
    command: first ? { nodeId: first.deviceId, command: first.command, params: first.params } : null,
    result: first?.payload ?? null,
    reply: turn?.reply ?? null,
    stages: stagesOf(turn?.spans ?? [], wake),
  };
}

/** Stages in their usual order, several spans of one stage added up. */
export function stagesOf(spans: readonly TurnSpan[], wake?: WakeEvent): Record<string, number> {
  const stages: Record<string, number> = {};
  for (const stage of TURN_STAGES) {
    const own = spans.filter((span) => span.stage === stage);
    if (own.length > 0) stages[stage] = round(own.reduce((sum, span) => sum + span.durationMs, 0));
    else if (stage === "wake" && wake) stages.wake = round(wake.latencyMs);
  }
  const decided = spans.find((span) => span.stage === "recognise");
  const acted = lastEnd(spans, "command") ?? lastEnd(spans, "reply") ?? lastEnd(spans, "intent");
  if (decided && acted !== undefined) stages.speechEndToAction = round(acted - decided.startMs);
  return stages;
}

function lastEnd(spans: readonly TurnSpan[], stage: TurnSpan["stage"]): number | undefined {
  const ends = spans.filter((span) => span.stage === stage).map((span) => span.startMs + span.durationMs);
  return ends.length === 0 ? undefined : Math.max(...ends);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
