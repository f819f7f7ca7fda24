import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import type { Clock, Events, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";
import { type BeadEvent, EventLog } from "./events.ts";
import { type Conditions, GateKeeper, type GateVerdict } from "./gates.ts";
import { JournalFile } from "./journal.ts";
import type { Reading } from "./operations/reads.ts";
import { BeadReads } from "./reads.ts";
import { exportLines, type ImportSummary, importLines } from "./transfer.ts";
import { BeadWriter } from "./writer.ts";

export interface BeadsChanged {
  /** What was done, in its order, after it is on disk. */
  readonly events: readonly BeadEvent[];
}

export interface BeadsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly events: Events<{ changed: BeadsChanged }>;
  /** Of ids, where a bead does not name its own. */
  readonly prefix?: string | undefined;
  /** The journal goes on in a new file beyond this size. */
  readonly journalBytes?: number | undefined;
  /** Device conditions that gates wait for. */
  readonly conditions?: Conditions | undefined;
}

export const JOURNAL = "beads-journal.jsonl";
/** Work of the household itself. */
export const DEFAULT_PREFIX = "hq";

/**
 * The one owner of beads. Reading is free and at once (`reads`); writing happens in `write`, all or nothing, and whoever
 * has tables beside the beads writes them in the same call.
 */
export class Beads implements Unit {
  readonly events: Events<{ changed: BeadsChanged }>;
  readonly reads: BeadReads;
  readonly log: EventLog;
  readonly #options: BeadsOptions;
  readonly #journal: JournalFile;
  readonly #gates: GateKeeper;
  #running = false;

  constructor(options: BeadsOptions) {
    const { store, clock, log, events } = options;
    this.#options = options;
    this.events = events;
    this.reads = new BeadReads(store, () => clock.now());
    this.log = new EventLog(store);
    const file = path.join(store.stateDir, JOURNAL);
    this.#journal = new JournalFile({ file, sql: store, log, fullBytes: options.journalBytes });
    this.#gates = new GateKeeper({ beads: this, sql: store, clock, log, conditions: options.conditions });
  }

  async start(): Promise<void> {
    this.#running = true;
    await this.#journal.start();
    await this.#gates.start();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#gates.stop();
    await this.#journal.stop();
  }

  /**
   * Runs `change` in one transaction, in the name of `who`. Resolves when it is on disk; when it throws, nothing of it is
   * kept. `change` must be synchronous and may run SQL of its own on the hub's store.
   * @throws what `change` throws, STATE_UNWRITABLE, HUB_STOPPING
   */
  async write<T>(who: string, change: (writer: BeadWriter) => T): Promise<T> {
    const { store, clock, random, prefix = DEFAULT_PREFIX } = this.#options;
    let done: readonly BeadEvent[] = [];
    const result = await store.commit(() => {
      const writer = new BeadWriter({ sql: store, who, now: clock.now(), random, prefix });
      const value = change(writer);
      writer.table.flush();
      done = writer.done;
      return value;
    });
    if (this.#running) this.#told(done);
    return result;
  }

  /** Takes in lines of an issue file, all or none of them. @throws STATE_UNWRITABLE */
  async import(who: string, lines: Iterable<string>): Promise<ImportSummary> {
    const { db } = this.#options.store;
    // Many rows at random places: a third of the time with pages at hand, given back afterwards.
    db.exec("PRAGMA cache_size = -32000");
    try {
      return await this.write(who, (writer) => importLines(writer, lines));
    } finally {
      db.exec("PRAGMA cache_size = -2000; PRAGMA shrink_memory");
    }
  }

  export(): Generator<string> {
    return exportLines(this.#options.store);
  }

  /** For questions by name. */
  reading(): Reading {
    const { store, clock } = this.#options;
    return { sql: store, reads: this.reads, now: () => clock.now() };
  }

  /** Judges every open gate now. */
  checkGates(dryRun = false): Promise<GateVerdict[]> {
    return this.#gates.check(dryRun);
  }

  #told(events: readonly BeadEvent[]): void {
    this.#journal.append();
    this.#gates.arm();
    if (events.length === 0) return;
    try {
      this.events.emit("changed", { events });
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, "a change of beads could not be told");
    }
  }
}
