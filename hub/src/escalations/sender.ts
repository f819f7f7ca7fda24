import { hasCode, messageOf } from "@barnacle/protocol/errors";
import type { EscalationsOptions } from "./escalations.ts";
import { find } from "./row.ts";

/** Between tries. After the last nobody could be told this way, and the bead says so. */
const WAITS_MS = [60_000, 300_000, 900_000];

type SenderOptions = Pick<EscalationsOptions, "store" | "beads" | "clock" | "log" | "notify">;

/** Says aloud what is written down to be said, each once; what fails is tried again, also after a restart. */
export class Sender {
  readonly #options: SenderOptions;
  #cancel: (() => void) | undefined;
  #sending: Promise<void> = Promise.resolve();
  #running = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#sending;
  }

  wake(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#sending = this.#sending
      .then(() => this.#send())
      .catch((error: unknown) => {
        if (!hasCode(error, "HUB_STOPPING"))
          this.#options.log.error({ error: messageOf(error) }, "an escalation could not be told");
      });
  }

  async #send(): Promise<void> {
    const { store, clock } = this.#options;
    for (const row of store.all("SELECT * FROM escalation_sends ORDER BY seq")) {
      if (!this.#running) return;
      const [seq, tries] = [Number(row.seq), Number(row.tries)];
      const wait = tries === 0 ? 0 : (WAITS_MS[tries - 1] ?? 0);
      const left = Number(row.at) + wait - clock.now();
      if (left > 0) {
        this.#later(left);
        continue;
      }
      await this.#try(seq, String(row.escalation), tries);
    }
  }

  async #try(seq: number, id: string, tries: number): Promise<void> {
    const { store, beads, clock, log, notify } = this.#options;
    const one = find(store, id);
    const say = notify();
    // Nobody has to hear of what somebody takes care of already.
    if (one?.state !== "open" || !say) {
      await store.commit(() => store.run("DELETE FROM escalation_sends WHERE seq = ?", seq));
      return;
    }
    try {
      await say(`Escalation, ${one.severity}: ${one.subject}`, `escalation-${seq}-${tries}`);
      await store.commit(() => store.run("DELETE FROM escalation_sends WHERE seq = ?", seq));
    } catch (error) {
      const problem = messageOf(error);
      log.warn({ id, tries: tries + 1, problem }, "an escalation was not said to the household");
      if (tries < WAITS_MS.length) {
        await store.commit(() =>
          store.run(
            "UPDATE escalation_sends SET tries = tries + 1, at = ?, problem = ? WHERE seq = ?",
            ...[clock.now(), problem, seq],
          ),
        );
        this.#later(WAITS_MS[tries] ?? 0);
        return;
      }
      await beads.write("escalations", (writer) => {
        writer.sql.run("DELETE FROM escalation_sends WHERE seq = ?", seq);
        writer.comment(id, `The household could not be told: ${problem}`);
      });
    }
  }

  #later(ms: number): void {
    if (!this.#running || this.#cancel) return;
    this.#cancel = this.#options.clock.after(ms, () => this.wake());
  }
}
