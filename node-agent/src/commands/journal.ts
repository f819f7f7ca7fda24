import { createHash } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";

/** Keys are remembered for 7 days: longer than any hub retries. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

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
  readonly #db: DatabaseSync;
  readonly #clock: Clock;

  constructor(db: DatabaseSync, clock: Clock) {
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
   * Called before the command has any effect. On disk when it returns; with `relaxed` a power cut may undo it, though
   * never the death of this process.
   */
  started(request: CommandRequest, at: number, { relaxed = false } = {}): void {
    if (relaxed) this.#db.exec("PRAGMA synchronous = NORMAL");
    try {
      this.#start(request, at);
    } finally {
      if (relaxed) this.#db.exec("PRAGMA synchronous = FULL");
    }
  }

  /** On disk when it returns; `started` need not have come before. */
  finished(request: CommandRequest, result: CommandResult): void {
    this.#db
      .prepare(
        `INSERT INTO journal (key, fingerprint, started_at, result) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET result = excluded.result`,
      )
      .run(request.idempotencyKey, fingerprintOf(request), Math.floor(result.startedAt), JSON.stringify(result));
  }

  /** Forgets keys older than 7 days; returns how many. */
  prune(): number {
    const oldest = Math.floor(this.#clock.now()) - KEEP_MS;
    return Number(this.#db.prepare("DELETE FROM journal WHERE started_at < ?").run(oldest).changes);
  }

  #start(request: CommandRequest, at: number): void {
    this.#db
      .prepare(
        `INSERT INTO journal (key, fingerprint, started_at) VALUES (?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET started_at = excluded.started_at`,
      )
      .run(request.idempotencyKey, fingerprintOf(request), Math.floor(at));
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
