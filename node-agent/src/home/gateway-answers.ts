import { messageOf } from "@barnacle/protocol/errors";
import type { Log } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport } from "@barnacle/protocol/schema";
import { EXCUSES, type Uplink } from "@barnacle/protocol/uplink";
import type { NodeEvents } from "../events.ts";
import { type Answerer, PHRASES, type Turn } from "../pipeline/index.ts";
import type { Speaker } from "../speaker/index.ts";

export interface GatewayAnswersParts {
  readonly uplink: Pick<Uplink, "connected" | "converse" | "conversation">;
  readonly speaker: Speaker;
  readonly events: NodeEvents;
  readonly log: Log;
}

/** Answers that somebody's gateway gives: spoken sentence by sentence while they come. */
export class GatewayAnswers implements Answerer {
  readonly #parts: GatewayAnswersParts;

  constructor(parts: GatewayAnswersParts) {
    this.#parts = parts;
  }

  interrupt(): void {
    this.#parts.uplink.conversation.stop();
  }

  giveUp(): void {
    this.#parts.uplink.conversation.stop();
  }

  async see({ turnId }: Turn, { outcome, transcript }: VoiceTurnReport): Promise<void> {
    const { uplink, events } = this.#parts;
    if (outcome === "no-speech") return;
    if (outcome !== "transcript" || transcript === undefined) {
      return this.#say(turnId, outcome === "failed" ? PHRASES.failed : PHRASES.rejected);
    }
    if (!uplink.connected) return this.#say(turnId, EXCUSES.away);
    const { ending, said, problem } = await uplink.converse(transcript, turnId);
    events.emit("reply", { turnId, text: said.join(" ").slice(0, 4000), ok: ending === "spoken", late: false });
    this.#told(turnId, said.length > 0 && ending !== "stopped", problem ?? (ending === "spoken" ? undefined : ending));
  }

  async #say(turnId: string, text: string): Promise<void> {
    const { speaker, log } = this.#parts;
    try {
      const { completed } = await speaker.say(text);
      this.#told(turnId, completed, undefined);
    } catch (error) {
      log.warn({ turnId, reason: messageOf(error) }, "the answer could not be spoken");
      this.#told(turnId, false, messageOf(error));
    }
  }

  #told(turnId: string, spoken: boolean, reason: string | undefined): void {
    const why = reason === undefined ? {} : { reason: reason.slice(0, 500) };
    this.#parts.events.emit("spoken", { turnId, spoken, spans: [], ...why });
  }
}
