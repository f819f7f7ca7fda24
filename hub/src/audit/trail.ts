import { setImmediate as yieldToOthers } from "node:timers/promises";
import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { Audit, AuditEntry, AuditRecord } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import { canonicalJson } from "./canonical.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { masked } from "./mask.ts";
import { GENESIS, hashOfTexts, problemOf, recordFromRow } from "./record.ts";

export interface AuditTrailOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const CHECKPOINT_EVERY_MS = 5_000;
const VERIFY_PAGE = 500;
const MOST_LISTED = 1_000;

/** The audit trail in the hub's store. Whoever asks for an action writes its record first; no record, no action. */
export class AuditTrail implements Audit, Unit {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Log;
  #cancel: (() => void) | undefined;
  #checkpointed = 0;

  constructor(options: AuditTrailOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  async start(): Promise<void> {
    this.#cancel = this.#clock.every(CHECKPOINT_EVERY_MS, () => this.checkpoint());
  }

  async stop(): Promise<void> {
    if (!this.#cancel) return;
    this.#cancel();
    this.#cancel = undefined;
    this.checkpoint();
  }

  async append(entry: AuditEntry): Promise<AuditRecord> {
    try {
      return recordFromRow(await this.#store.commitByLog(() => this.#add(entry)));
    } catch (error) {
      throw unwritable(error);
    }
  }

  /**
   * Adds a record inside the caller's own transaction, so that a change and its record are kept together or not at all.
   * @throws AUDIT_UNWRITABLE
   */
  record(entry: AuditEntry): void {
    this.#add(entry);
  }

  #add(entry: AuditEntry): Row {
    try {
      const head = this.#head();
      const { kind, subject } = entry;
      const unhashed = { seq: head.seq + 1, at: this.#clock.now(), kind, subject, previous: head.hash };
      const principal = canonicalJson(entry.principal);
      const data = canonicalJson(masked(entry.data));
      const hash = hashOfTexts(unhashed, principal, data);
      const { seq, at, previous } = unhashed;
      this.#store.run(
        "INSERT INTO audit (seq, at, kind, principal, subject, data, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ...[seq, at, kind, principal, subject, data, previous, hash],
      );
      this.#store.run("UPDATE audit_head SET seq = ?, hash = ? WHERE id = 1", seq, hash);
      return { ...unhashed, principal, data, hash };
    } catch (error) {
      throw unwritable(error);
    }
  }

  /** In order of writing: those after `after`, or else the newest `limit` (default 100, at most 1,000), of those before `before`. */
  async list(options: { limit?: number; after?: number; before?: number } = {}): Promise<readonly AuditRecord[]> {
    const limit = Math.min(Math.max(1, options.limit ?? 100), MOST_LISTED);
    const rows =
      options.after === undefined
        ? this.#store
            .all(
              "SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
              options.before ?? Number.MAX_SAFE_INTEGER,
              limit,
            )
            .reverse()
        : this.#store.all("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", options.after, limit);
    return rows.map(recordFromRow);
  }

  /** Reads the whole trail page by page, letting other work run in between, and names the first record that is wrong. */
  async verify(): ReturnType<Audit["verify"]> {
    const checkpoint = readCheckpoint(this.#store.stateDir);
    let seq = 0;
    let hash = GENESIS;
    for (;;) {
      const rows = this.#store.all("SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", seq, VERIFY_PAGE);
      if (rows.length === 0) break;
      for (const row of rows) {
        const problem = problemOf(row, seq + 1, hash);
        if (problem) return { ok: false, records: seq, seq: seq + 1, problem };
        seq++;
        hash = String(row.hash);
        if (checkpoint && checkpoint !== "unreadable" && checkpoint.seq === seq && checkpoint.hash !== hash) {
          return { ok: false, records: seq, seq, problem: "it is not the record of the checkpoint file" };
        }
      }
      await yieldToOthers();
    }
    const stray = this.#store.one("SELECT count(*) AS n FROM audit WHERE seq < 1");
    if (stray?.n !== 0) return { ok: false, records: seq, seq: 0, problem: "records stand before the first" };
    const head = this.#readHead();
    if (!head) return { ok: false, records: seq, seq, problem: "the head of the trail is gone" };
    if (head.seq !== seq || head.hash !== hash) {
      return { ok: false, records: seq, seq: seq + 1, problem: `the trail was cut: ${head.seq} records were written` };
    }
    if (checkpoint === "unreadable") return { ok: false, records: seq, seq, problem: "the checkpoint file is damaged" };
    if (checkpoint && checkpoint.seq > seq) {
      const problem = `the trail was cut: the checkpoint file knows ${checkpoint.seq} records`;
      return { ok: false, records: seq, seq: seq + 1, problem };
    }
    return { ok: true, records: seq, head: hash };
  }

  /** Keeps the newest record's number and hash outside the database; a failure costs the second witness, nothing else. */
  checkpoint(): void {
    try {
      const head = this.#head();
      if (head.seq <= this.#checkpointed) return;
      writeCheckpoint(this.#store.stateDir, head);
      this.#checkpointed = head.seq;
    } catch (error) {
      this.#log.warn({ problem: messageOf(error) }, "the audit checkpoint could not be written");
    }
  }

  #head(): Checkpoint {
    const head = this.#readHead();
    if (head) return head;
    throw new BarnacleError("AUDIT_BROKEN", "the head of the audit trail is gone");
  }

  #readHead(): Checkpoint | undefined {
    const row = this.#store.one("SELECT seq, hash FROM audit_head WHERE id = 1");
    return row && { seq: Number(row.seq), hash: String(row.hash) };
  }
}

/** Names a failure to write the trail, whichever way the database put it. */
export function unwritable(error: unknown): BarnacleError {
  if (hasCode(error, "AUDIT_UNWRITABLE", "AUDIT_BROKEN", "HUB_STOPPING")) return error;
  return new BarnacleError("AUDIT_UNWRITABLE", `the audit record cannot be written: ${messageOf(error)}`, {
    cause: error,
  });
}
