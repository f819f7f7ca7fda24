import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { VoiceTurnReply, VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import type { NodeEvents } from "../events.ts";
import type { Speaker } from "../speaker/index.ts";
import type { Counters } from "../telemetry/counters.ts";
import { ReplyDesk } from "./reply-desk.ts";
import type { Turn } from "./turn.ts";

/** What the node says when the hub can't. */
export const PHRASES = {
  noAnswer: "The hub does not answer.",
  noHub: "I cannot reach the hub.",
  failed: "I could not process that.",
  rejected: "Sorry, I did not understand that.",
} as const;

export interface AnswersParts {
  readonly speaker: Speaker;
  readonly connected: () => boolean;
  /** Durable; delivered sooner or later. */
  readonly spoken: (report: VoiceTurnSpoken) => void;
  /** Patience for the hub's answer. */
  readonly replyMs: number;
  readonly clock: Clock;
  readonly events: NodeEvents;
  readonly counters: Counters;
  readonly log: Log;
}

/** Brings turns to their end once they were heard: nobody who spoke to the node is left in silence. */
export interface Answerer {
  /** Begins to wait for the answer before it returns. */
  see(turn: Turn, report: VoiceTurnReport): Promise<void>;
  /** Who asked wants to hear no more of it. */
  interrupt(): void;
  /** Nobody will speak any more: the node stops. */
  giveUp(): void;
}

/** The last part of a turn: the hub's answer is waited for and spoken; who spoke to the node is never left in silence. */
export class Answers implements Answerer {
  readonly #parts: AnswersParts;
  readonly #desk: ReplyDesk;

  constructor(parts: AnswersParts) {
    this.#parts = parts;
    this.#desk = new ReplyDesk(parts.clock);
  }

  /** One that nobody waits for is not spoken. */
  deliver(reply: VoiceTurnReply): void {
    const { events, counters, log } = this.#parts;
    const late = !this.#desk.deliver(reply);
    events.emit("reply", { ...reply, late });
    if (!late) return;
    counters.add("lateReplies");
    log.info({ turnId: reply.turnId }, "answer to a turn that nobody waits for; not spoken");
  }

  interrupt(): void {
    // What is being spoken is cut short by the loudspeaker; an answer that has not come yet is still owed.
  }

  giveUp(): void {
    this.#desk.giveUp();
  }

  /** Brings a turn to its end; begins to wait for the answer before it returns. */
  async see(turn: Turn, { outcome }: VoiceTurnReport): Promise<void> {
    switch (outcome) {
      case "no-speech":
        // After a false alarm nobody wants to be spoken to.
        return;
      case "failed":
        return this.#say(turn, PHRASES.failed);
      case "rejected":
        return this.#say(turn, (await this.#wait(turn)) ?? PHRASES.rejected);
      case "transcript":
        if (!this.#parts.connected()) return this.#say(turn, PHRASES.noHub);
        return this.#say(turn, (await this.#wait(turn)) ?? PHRASES.noAnswer);
    }
  }

  async #wait(turn: Turn): Promise<string | undefined> {
    const { connected, replyMs, speaker, counters } = this.#parts;
    if (!connected()) return undefined;
    const reply = await this.#desk.wait(turn.turnId, replyMs, () => speaker.active);
    if (!reply) counters.add("unanswered");
    return reply?.text;
  }

  async #say(turn: Turn, text: string): Promise<void> {
    const { spoken, events } = this.#parts;
    const report =
      text.trim() === ""
        ? { turnId: turn.turnId, spoken: false, reason: "the answer is empty", spans: [] }
        : await this.#speak(turn, text);
    spoken(report);
    events.emit("spoken", report);
  }

  async #speak(turn: Turn, text: string): Promise<VoiceTurnSpoken> {
    const { turnId } = turn;
    try {
      const { completed, synthesise, play } = await this.#parts.speaker.say(text);
      const spans = [
        turn.spanAt("synthesise", synthesise.at, synthesise.durationMs),
        turn.spanAt("play", play.at, play.durationMs),
      ];
      return { turnId, spoken: completed, spans, ...(completed ? {} : { reason: "playback was cut short" }) };
    } catch (error) {
      this.#parts.log.warn({ turnId, reason: messageOf(error) }, "the answer could not be spoken");
      return { turnId, spoken: false, reason: messageOf(error).slice(0, 500), spans: [] };
    }
  }
}
