import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { Commands, Router } from "../services.ts";
import type { Store } from "../store/index.ts";
import { durationAdjective, durationWords } from "./duration.ts";
import { type Timer, TimerTable } from "./table.ts";

/** After a longer absence nobody is waiting for it any more. */
const LATEST_MS = 3_600_000;
/** Due times are wall-clock times; looking at least this often follows a clock that was set. */
const LOOK_MS = 60_000;
/** Nobody could be told: how long until it is tried again. */
const RETRY_MS = 10_000;
const SPEAK_TIMEOUT_MS = 30_000;

export interface TimersOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly commands: Commands;
  readonly router: Router;
}

/** Timers that survive a restart. A due one is spoken where it was set, or by another node when that one is away. */
export class Timers implements Unit {
  readonly #options: TimersOptions;
  readonly #table: TimerTable;
  readonly #ringing = new Set<string>();
  readonly #retryAt = new Map<string, number>();
  #cancelLook: (() => void) | undefined;
  #started = false;

  constructor(options: TimersOptions) {
    this.#options = options;
    this.#table = new TimerTable(options.store);
  }

  async start(): Promise<void> {
    this.#started = true;
    this.#look();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  /** Resolves when it is on disk; a second call for the same turn gives the timer of the first. */
  async set(wanted: { turnId: string; deviceId?: string; room?: string; durationMs: number }): Promise<Timer> {
    const now = this.#options.clock.now();
    const timer = { ...wanted, id: this.#options.random.uuid(), dueAt: now + wanted.durationMs };
    const stored = await this.#table.insert(timer, now);
    this.#look();
    return stored;
  }

  /** Soonest first. */
  running(): readonly Timer[] {
    return this.#table.running();
  }

  /** Cancels the running timers that `test` accepts and gives them back; for the same turn always the same ones. */
  async cancel(turnId: string, test: (timer: Timer) => boolean): Promise<readonly Timer[]> {
    return this.#table.cancel(turnId, test);
  }

  #look(): void {
    this.#cancelLook?.();
    this.#cancelLook = undefined;
    if (!this.#started) return;
    const now = this.#options.clock.now();
    let wait = LOOK_MS;
    for (const timer of this.#table.running()) {
      if (this.#ringing.has(timer.id)) continue;
      const left = Math.max(timer.dueAt, this.#retryAt.get(timer.id) ?? 0) - now;
      if (left > 0) wait = Math.min(wait, left);
      else void this.#ring(timer);
    }
    this.#cancelLook = this.#options.clock.after(wait, () => this.#look());
  }

  async #ring(timer: Timer): Promise<void> {
    const { clock, log } = this.#options;
    this.#ringing.add(timer.id);
    try {
      const lateMs = clock.now() - timer.dueAt;
      if (lateMs > LATEST_MS) {
        await this.#table.finish(timer.id, "missed", `found ${durationWords(lateMs)} late`);
        return;
      }
      const late = lateMs > LOOK_MS ? ` It ended ${durationWords(lateMs)} ago.` : "";
      const by = await this.#speak(timer, `Your ${durationAdjective(timer.durationMs)} timer is done.${late}`);
      await this.#table.finish(timer.id, "done", `spoken by ${by}`);
    } catch (error) {
      this.#retryAt.set(timer.id, clock.now() + RETRY_MS);
      log.warn(
        { timer: timer.id, reason: messageOf(error) },
        "a timer is due, but nobody can be told; it is tried again",
      );
    } finally {
      this.#ringing.delete(timer.id);
      // The store may have been closed while it rang.
      if (this.#started) this.#look();
    }
  }

  /** @returns the device that spoke. @throws the last refusal, ROUTE_NONE */
  async #speak(timer: Timer, text: string): Promise<string> {
    const { commands, router } = this.#options;
    const own =
      timer.deviceId === undefined ? [] : router.route({ capability: "talk.speak", deviceId: timer.deviceId }).ranked;
    const others = router.route({ capability: "talk.speak", room: timer.room }).ranked;
    const ids = [...new Set([...own, ...others].map((candidate) => candidate.deviceId))];
    let failure: unknown = new BarnacleError("ROUTE_NONE", "no connected node can speak");
    for (const deviceId of ids) {
      try {
        await commands.invoke({
          deviceId,
          command: "talk.speak",
          params: { text },
          idempotencyKey: `timer-${timer.id}`,
          principal: { kind: "system", id: "timers" },
          timeoutMs: SPEAK_TIMEOUT_MS,
        });
        return deviceId;
      } catch (error) {
        // The key was used with the wording of an earlier try: this node has been told to speak already.
        if (hasCode(error, "CONFLICT")) return deviceId;
        failure = error;
      }
    }
    throw failure;
  }
}
