import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log, type Unit } from "@barnacle/protocol/runtime";
import type { AuditTrail } from "../audit/index.ts";
import type { EmergencyStops, Principal, StopState } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import type { TownChange } from "../town/part.ts";
import { stopText } from "./text.ts";

/** Something that acts and can be held: agents' processes, a queue of merges. */
export interface Stoppable {
  /** What it is called in the answer: `agents`. */
  readonly name: string;
  /** Holds everything; resolves with what was held. Called again for what is held already. */
  freeze(reason: string): Promise<readonly string[]>;
  /** The way back. */
  release(): Promise<readonly string[]>;
}

/** As the town's listeners are told. */
export function stopChange(state: StopState, at: number): TownChange {
  const { stopped, by, reason } = state;
  const data = { ...(by === undefined ? {} : { by }), ...(reason ? { reason } : {}) };
  return { noun: "estop", id: "house", kind: stopped ? "stopped" : "thawed", at, data };
}

export interface StopOptions {
  readonly store: Store;
  /** Absent beside a stopped hub, whose trail nobody checkpoints. */
  readonly audit?: Pick<AuditTrail, "record"> | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who wants it and why. */
export interface StopCall {
  readonly who: string;
  readonly reason?: string | undefined;
  readonly principal?: Principal | undefined;
}

/** What became of each thing that acts: the names of what it held or let go, or why it could not. */
export type StopReport = Readonly<Record<string, readonly string[] | { readonly problem: string }>>;

export type StopAnswer = StopState & {
  /** False: it held, or did not, before. */
  readonly changed: boolean;
  /** False: it could not be written down, so it ends with this process. */
  readonly kept: boolean;
  readonly held: StopReport;
};

const RETRY_MS = 5_000;
const RUNNING: StopState = { stopped: false };

/**
 * The one emergency stop. While it holds, the policy refuses every command that could move something, and whoever starts
 * agents asks `refuse` first. It holds from the moment it is asked for, before it is on disk, and over restarts.
 */
export class EmergencyStop implements EmergencyStops, Unit {
  readonly events = new Events<{ changed: StopState }>();
  readonly #options: StopOptions;
  readonly #parts = new Set<Stoppable>();
  #state: StopState | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: StopOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#state = undefined;
    const { stopped, by, reason, since } = this.state();
    if (stopped) this.#options.log.warn({ by, reason, since }, "an emergency stop holds; `barnacle thaw` lifts it");
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  state(): StopState {
    this.#state ??= stopState(this.#options.store.one("SELECT * FROM emergency_stop"));
    return this.#state;
  }

  /** @throws ESTOPPED while it holds, saying what does not happen */
  refuse(what: string): void {
    const state = this.state();
    if (!state.stopped) return;
    throw new BarnacleError("ESTOPPED", `${what}: ${stopText(state)}`, { details: { ...state } });
  }

  /** What is added while the stop holds is held at once. @returns the way out */
  attach(part: Stoppable): () => void {
    this.#parts.add(part);
    if (this.state().stopped) void this.#each("freeze", [part]);
    return () => this.#parts.delete(part);
  }

  /** Stops everything that acts. Again, it holds what has begun since. Never throws. */
  async pull({ who, reason = "", principal }: StopCall): Promise<StopAnswer> {
    const { clock, log } = this.#options;
    const before = this.state();
    const state: StopState = before.stopped ? before : { stopped: true, since: clock.now(), by: who, reason };
    this.#state = state;
    log.warn({ by: who, reason }, "emergency stop");
    // What acts is held before the disk is waited for.
    const holding = this.#each("freeze", [...this.#parts], reason || "emergency stop");
    const kept = await this.#keep(state, { who, reason, principal });
    if (!before.stopped) this.events.emit("changed", this.state());
    return { ...this.state(), changed: !before.stopped, kept, held: await holding };
  }

  /** Lifts it. @throws STATE_UNWRITABLE, AUDIT_UNWRITABLE; then it goes on */
  async thaw({ who, reason = "", principal }: StopCall): Promise<StopAnswer> {
    const before = this.state();
    if (!before.stopped) return { ...before, changed: false, kept: true, held: {} };
    await this.#write(RUNNING, { who, reason, principal });
    this.#cancel?.();
    this.#state = RUNNING;
    this.#options.log.warn({ by: who, reason }, "the emergency stop is lifted");
    this.events.emit("changed", RUNNING);
    return { ...RUNNING, changed: true, kept: true, held: await this.#each("release", [...this.#parts]) };
  }

  async #keep(state: StopState, call: StopCall): Promise<boolean> {
    try {
      await this.#write(state, call);
      if (this.#state?.kept === false) this.#state = state;
      return true;
    } catch (error) {
      const { clock, log } = this.#options;
      log.error({ error: messageOf(error) }, "the emergency stop holds, but could not be written down");
      this.#state = { ...state, kept: false };
      this.#cancel?.();
      this.#cancel = clock.after(RETRY_MS, () => {
        if (this.#state?.stopped) void this.#keep(state, call);
      });
      return false;
    }
  }

  async #write(state: StopState, { who, reason = "", principal }: StopCall): Promise<void> {
    const { store, audit, clock } = this.#options;
    const { stopped, since = clock.now(), by = who } = state;
    await store.commit(() => {
      store.run(
        `INSERT INTO emergency_stop (one, stopped, since, who, reason) VALUES (1, ?, ?, ?, ?)
         ON CONFLICT (one) DO UPDATE SET stopped = excluded.stopped, since = excluded.since, who = excluded.who, reason = excluded.reason`,
        ...[stopped ? 1 : 0, since, by, state.reason ?? reason],
      );
      audit?.record({
        kind: "work",
        principal: principal ?? { kind: "system", id: who },
        subject: stopped ? "estop.stop" : "estop.thaw",
        data: { who, reason },
      });
    });
  }

  /** One that fails does not keep the others from being held. */
  async #each(what: "freeze" | "release", parts: readonly Stoppable[], reason = ""): Promise<StopReport> {
    const report = await Promise.all(
      parts.map(async (part): Promise<[string, StopReport[string]]> => {
        try {
          return [part.name, await (what === "freeze" ? part.freeze(reason) : part.release())];
        } catch (error) {
          this.#options.log.error({ part: part.name, error: messageOf(error) }, `emergency stop: ${what} failed`);
          return [part.name, { problem: messageOf(error) }];
        }
      }),
    );
    return Object.fromEntries(report);
  }
}

/** The state as it stands in the database. */
export function stopState(row: Row | undefined): StopState {
  if (row?.stopped !== 1) return RUNNING;
  return { stopped: true, since: Number(row.since), by: String(row.who), reason: String(row.reason) };
}
