import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { Lifecycle, RestartPlan } from "../services.ts";

/** Time for the answer to whoever asked. */
export const RESTART_DELAY_MS = 2000;
const LONGEST_DELAY_MS = 60_000;

/** Asks whoever started the hub to stop it in order and start it again with what the configuration says then. */
export class HubLifecycle implements Lifecycle, Unit {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #restart: ((reason: string) => void) | undefined;
  #pending: { readonly reason: string; readonly dueAt: number } | undefined;
  #cancel: () => void = () => {};

  /** @param options.restart absent when nobody can */
  constructor(options: { clock: Clock; log: Log; restart?: ((reason: string) => void) | undefined }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#restart = options.restart;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.#cancel();
  }

  get canRestart(): boolean {
    return this.#restart !== undefined;
  }

  get restarting(): boolean {
    return this.#pending !== undefined;
  }

  requestRestart(options: { reason: string; delayMs?: number }): RestartPlan {
    const delayMs = Math.min(Math.max(0, options.delayMs ?? RESTART_DELAY_MS), LONGEST_DELAY_MS);
    const { reason } = options;
    const restart = this.#restart;
    if (!restart) return { ok: false, delayMs: 0, reason, coalesced: false };
    if (this.#pending) {
      const left = Math.max(0, this.#pending.dueAt - this.#clock.monotonic());
      return { ok: true, delayMs: Math.round(left), reason: this.#pending.reason, coalesced: true };
    }
    this.#pending = { reason, dueAt: this.#clock.monotonic() + delayMs };
    this.#log.info({ reason, delayMs }, "the hub will restart");
    this.#cancel = this.#clock.after(delayMs, () => restart(reason));
    return { ok: true, delayMs, reason, coalesced: false };
  }
}
