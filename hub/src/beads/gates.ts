import { type BeadRecord, parseInstant } from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Events, Log, Unit } from "@barnacle/protocol/runtime";
import type { Beads } from "./beads.ts";
import type { Sql } from "./sql.ts";

/** Conditions of the home that a gate of type `device` waits for: `somebody-home`, `online:Kitchen`. */
export interface Conditions {
  /** Undefined: no such condition is known. */
  holds(condition: string): boolean | undefined;
  readonly events: Events<{ changed: object }>;
}

export interface GateVerdict {
  readonly id: string;
  readonly await_type: string;
  readonly await_id?: string;
  /** `unknown`: nothing here can tell; it is closed by hand. */
  readonly state: "open" | "closed" | "unknown";
}

const WHO = "hub";
const NANOS_PER_MS = 1_000_000;
/** Timers of the runtime reach no further. */
const LONGEST_MS = 2_000_000_000;

/**
 * Opens gates and ends claims when their time has come: a timer for the next moment that matters, a listener for the
 * home; nothing is polled. Gates on beads are opened by the close itself.
 */
export class GateKeeper implements Unit {
  readonly #beads: Pick<Beads, "write">;
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #conditions: Conditions | undefined;
  #cancel: (() => void) | undefined;
  #running = false;

  constructor(options: {
    readonly beads: Pick<Beads, "write">;
    readonly sql: Sql;
    readonly clock: Clock;
    readonly log: Log;
    readonly conditions?: Conditions | undefined;
  }) {
    this.#beads = options.beads;
    this.#sql = options.sql;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#conditions = options.conditions;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#conditions?.events.on("changed", () => this.#due(), this);
    await this.check();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#conditions?.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Ends what has run out and opens what may be opened. @returns every gate that was open, and what it is now */
  async check(dryRun = false): Promise<GateVerdict[]> {
    const verdicts = this.#gates().map((gate): GateVerdict => {
      const { id, await_type = "human", await_id } = gate;
      const holds = this.#holds(gate);
      const state = holds === undefined ? "unknown" : holds ? "closed" : "open";
      return { id, await_type, ...(await_id === undefined ? {} : { await_id }), state };
    });
    const met = verdicts.filter(({ state }) => state === "closed");
    const expired = this.#sql.one("SELECT 1 AS found FROM beads WHERE lease_until <= ?", this.#clock.now());
    if (!dryRun && (met.length > 0 || expired)) {
      await this.#beads.write(WHO, (writer) => {
        writer.claims.expire();
        for (const { id, await_type, await_id } of met) {
          const what = [await_type, await_id].filter((part) => part).join(" ");
          // Forced: what a gate itself waits for is exactly this.
          writer.closing.close(id, { reason: `Condition met: ${what}`, force: true });
        }
      });
    }
    this.arm();
    return verdicts;
  }

  /** Sets the timer for the next moment at which something ends. */
  arm(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (!this.#running) return;
    const lease = this.#sql.one("SELECT min(lease_until) AS at FROM beads WHERE lease_until IS NOT NULL")?.at;
    const moments = this.#gates().flatMap((gate) => (gate.await_type === "timer" ? [dueAt(gate)] : []));
    if (typeof lease === "number") moments.push(lease);
    if (moments.length === 0) return;
    const wait = Math.min(Math.max(0, Math.min(...moments) - this.#clock.now()), LONGEST_MS);
    this.#cancel = this.#clock.after(wait, () => this.#due());
  }

  #due(): void {
    if (!this.#running) return;
    this.check().catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, "gates of beads could not be judged");
    });
  }

  #gates(): BeadRecord[] {
    return this.#sql
      .all("SELECT line FROM beads INDEXED BY beads_gates WHERE issue_type = 'gate' AND status = 'open'")
      .map((row) => JSON.parse(String(row.line)));
  }

  #holds(gate: BeadRecord): boolean | undefined {
    const { await_type, await_id = "" } = gate;
    if (await_type === "timer") return this.#clock.now() >= dueAt(gate);
    if (await_type === "device") return this.#conditions?.holds(await_id);
    if (await_type !== "bead") return undefined;
    const target = this.#sql.one("SELECT status FROM beads WHERE id = ?", await_id.slice(await_id.indexOf(":") + 1));
    return target !== undefined && ["closed", "tombstone"].includes(String(target.status));
  }
}

function dueAt({ created_at, timeout = 0 }: BeadRecord): number {
  return (parseInstant(created_at)?.ms ?? 0) + timeout / NANOS_PER_MS;
}
