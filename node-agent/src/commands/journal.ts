import { createHash } from "node:crypto";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import type { NodeDatabase } from "../state/index.ts";

/** Keys are remembered for 14 days: longer than the hub remembers them, so a key is never new to the node alone. */
const KEEP_MS = 14 * 24 * 3600 * 1000;

/** The youngest are kept whatever the clock says: it may have jumped years ahead. */
const KEEP_LEAST = 500;

/** What is on record for a key. */
export type JournalEntry =
  | { readonly kind: "new" }
  /** The node went down between start and result. */
  | { readonly kind: "interrupted"; readonly startedAt: number }
  | { readonly kind: "finished"; readonly result: CommandResult }
  /** The key belongs to another command or other parameters. */
  | { readonly kind: "conflict" };

/** What was started and what came of it, by idempotency key; each row is on disk before the caller goes on. */
export class Journal {
  readonly #db: NodeDatabase;
  readonly #clock: Clock;
  readonly #keepLeast: number;

  constructor(db: NodeDatabase, clock: Clock, keepLeast = KEEP_LEAST) {
    this.#keepLeast = keepLeast;
    this.#db = db;
    this.#clock = clock;
  }

  lookup(request: CommandRequest): JournalEntry {
    const row = this.#db
      .prepare("SELECT fingerprint, started_at, result FROM journal WHERE key = ?")
      .get(request.idempotencyKey) as { fingerprint: string; started_at: number; result: string | null } | undefined;
    if (row === undefined) return { kind: "new" };
    if (row.fingerprint !== fingerprintOf(request)) return { kind: "conflict" };
    if (row.result === null) return { kind: "interrupted", startedAt: row.started_at };
    return { kind: "finished", result: JSON.parse(row.result) as CommandResult };
  }

  /**
   * Claims a new key before the command has any effect. On disk when it returns: not even a power cut undoes it.
   * @throws when the key is on record already, or the disk does not take it; then nothing may be done
   */
  started(request: CommandRequest, at: number): void {
    if (this.#db.durable === false) throw new BarnacleError("STATE_UNWRITABLE", "the state directory takes nothing");
    this.#db
      .prepare("INSERT INTO journal (key, fingerprint, started_at) VALUES (?, ?, ?)")
      .run(request.idempotencyKey, fingerprintOf(request), Math.floor(at));
  }

  /** On disk when it returns; `started` need not have come before. A result on record is never replaced. */
  finished(request: CommandRequest, result: CommandResult): void {
    this.#db
      .prepare(
        `INSERT INTO journal (key, fingerprint, started_at, result) VALUES (?, ?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET result = excluded.result WHERE result IS NULL`,
      )
      .run(request.idempotencyKey, fingerprintOf(request), Math.floor(result.startedAt), JSON.stringify(result));
  }

  /** Forgets keys older than 14 days, except the youngest 500; returns how many. */
  prune(): number {
    const oldest = Math.floor(this.#clock.now()) - KEEP_MS;
    const { changes } = this.#db
      .prepare(
        `DELETE FROM journal WHERE started_at < ?
         AND key NOT IN (SELECT key FROM journal ORDER BY started_at DESC LIMIT ?)`,
      )
      .run(oldest, this.#keepLeast);
    return Number(changes);
  }
}

/** What a request asks for: the order of members does not matter, everything else does. */
export function fingerprintOf(request: CommandRequest): string {
  return createHash("sha256")
    .update(`${request.command}\n${canonical(request.params)}`)
    .digest("base64url");
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(",")}}`;
}
