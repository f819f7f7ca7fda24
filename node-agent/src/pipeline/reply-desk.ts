import type { Clock } from "@barnacle/protocol/runtime";
import type { VoiceTurnReply } from "@barnacle/protocol/schema";

/** Where the answer to the turn under way is waited for. One turn at a time; an answer to any other is late. */
export class ReplyDesk {
  readonly #clock: Clock;
  #waiting: { turnId: string; give: (reply: VoiceTurnReply | undefined) => void } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The answer, or undefined when none came within `patienceMs`.
   * @param extend asked when time is up: true grants the same time again
   */
  wait(turnId: string, patienceMs: number, extend: () => boolean): Promise<VoiceTurnReply | undefined> {
    this.giveUp();
    return new Promise((resolve) => {
      let cancel = (): void => {};
      const arm = (): void => {
        cancel = this.#clock.after(patienceMs, () => (extend() ? arm() : this.giveUp()));
      };
      arm();
      this.#waiting = {
        turnId,
        give: (reply) => {
          cancel();
          resolve(reply);
        },
      };
    });
  }

  /** False when nobody waits for it (any more). */
  deliver(reply: VoiceTurnReply): boolean {
    const waiting = this.#waiting;
    if (waiting?.turnId !== reply.turnId) return false;
    this.#waiting = undefined;
    waiting.give(reply);
    return true;
  }

  giveUp(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.give(undefined);
  }
}
