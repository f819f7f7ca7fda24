import { BarnacleError, type ErrorShape, messageOf } from "@barnacle/protocol/errors";
import type { Log, Unit } from "@barnacle/protocol/runtime";
import type { Principal, RunRequest, TurnRecord, VoiceTurns, WakeTarget } from "../services.ts";
import type { Agents } from "./agents.ts";
import type { Runs } from "./runs.ts";
import { speakable } from "./speakable.ts";

/** Turns of these are in a session already, or are being put there by the run that asked. */
const FROM_RUN = "run-";
const AGENT_INTENT = "agent";
/** Looked at after a restart, for what was answered but not entered. */
const LATELY = 20;
/** Whoever spoke waits; longer than this is silence to them. */
const SPOKEN_TIMEOUT_MS = 25_000;

export interface VoiceBridgeOptions {
  readonly voice: Pick<VoiceTurns, "events" | "list">;
  readonly runs: Runs;
  readonly agents: Agents;
  /** Session of each room: `main`, `room`, or a key. */
  readonly rooms: Readonly<Record<string, string>>;
  /** Who hears what is said after a wake phrase. */
  readonly wakeTarget?: (phrase: string | undefined) => WakeTarget;
  /** Whether anything but the household's sentences can answer. */
  readonly answersFreely: boolean;
  readonly log: Log;
}

/**
 * Voice and chat share sessions. What the household's sentences answered is entered into the session of its room as a run
 * `voice-<turn id>`; what they did not understand becomes such a run, whose answer is spoken.
 */
export class VoiceBridge implements Unit {
  readonly #options: VoiceBridgeOptions;

  constructor(options: VoiceBridgeOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { voice } = this.#options;
    voice.events.on("updated", ({ turn }) => this.#enter(turn), this);
    for (const turn of (await voice.list({ limit: LATELY })).toReversed()) this.#enter(turn);
  }

  async stop(): Promise<void> {
    this.#options.voice.events.dropOwner(this);
  }

  /** `main` unless the configuration says otherwise; `room` is a session of the room's own. */
  sessionOf(room: string | undefined): string {
    const { agents, rooms } = this.#options;
    const given = room === undefined ? undefined : rooms[room];
    const rest = given === "room" ? `room:${room}` : (given ?? "main");
    return rest.startsWith("agent:") ? rest : `agent:${agents.default.id}:${rest}`;
  }

  /** Answers a turn that no sentence covers. */
  async answer(turn: TurnRecord, principal: Principal) {
    if (!this.#options.answersFreely || turn.turnId.startsWith(FROM_RUN)) return undefined;
    const { runs } = this.#options;
    const request = this.#request(turn, principal);
    const { runId } = await runs.start({ ...request, timeoutMs: SPOKEN_TIMEOUT_MS });
    const outcome = await runs.wait(runId, SPOKEN_TIMEOUT_MS);
    // It may not even have begun: somebody else is being answered in the same session.
    if (!outcome) runs.abort({ runId, reason: "stop" });
    if (outcome?.status === "ok") return { reply: speakable(outcome.text ?? ""), ok: true };
    const late = outcome === undefined || outcome.status === "timeout";
    const error = outcome?.error ?? shape(late);
    return { reply: late ? "Sorry, that took too long." : "Sorry, I could not find an answer.", ok: false, error };
  }

  #enter(turn: TurnRecord): void {
    const { transcript, reply, status, turnId, intent } = turn;
    if (status !== "done" || transcript === undefined || reply === undefined) return;
    if (turnId.startsWith(FROM_RUN) || intent === AGENT_INTENT) return;
    const principal: Principal = { kind: "voice", id: turn.deviceId ?? "text" };
    const answer = { text: reply, startedAt: turn.startedAt, ...(turn.error ? { error: turn.error } : {}) };
    this.#options.runs.enter(this.#request(turn, principal), answer).catch((error: unknown) => {
      this.#options.log.error({ turnId, problem: messageOf(error) }, "a turn could not be entered into its session");
    });
  }

  /** A wake phrase may lead elsewhere than to the room's session. */
  #sessionOf({ wake, room }: TurnRecord): string {
    const target = wake ? this.#options.wakeTarget?.(wake.phrase) : undefined;
    if (target && "agentId" in target) return `agent:${target.agentId}:main`;
    return target && "sessionKey" in target ? target.sessionKey : this.sessionOf(room);
  }

  #request(turn: TurnRecord, principal: Principal): RunRequest {
    const { turnId, transcript = "", room, deviceId } = turn;
    return {
      ...{
        runId: `voice-${turnId}`,
        sessionKey: this.#sessionOf(turn),
        message: transcript,
        source: "voice",
        principal,
      },
      ...(room === undefined ? {} : { room }),
      ...(deviceId === undefined ? {} : { origin: { deviceId } }),
    };
  }
}

function shape(late: boolean): ErrorShape {
  const error = late
    ? new BarnacleError("TIMEOUT", `no answer within ${SPOKEN_TIMEOUT_MS / 1000} s`)
    : new BarnacleError("CONFLICT", "the run was stopped");
  return error.toShape();
}
