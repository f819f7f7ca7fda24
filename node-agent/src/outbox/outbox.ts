import type { DatabaseSync } from "node:sqlite";
import { messageOf } from "@barnacle/protocol/errors";
import type { TopicBody } from "@barnacle/protocol/mqtt";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { Counters } from "../telemetry/counters.ts";

const KINDS = ["turn", "spoken"] as const;
export type OutboxKind = (typeof KINDS)[number];

const RESEND_MS = 5000;
const CAPACITY = 1000;

export interface OutboxParts {
  readonly db: DatabaseSync;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Sends one message under its own id; rejects while the hub is away. */
  readonly send: <K extends OutboxKind>(kind: K, id: string, body: TopicBody<K>) => Promise<void>;
  readonly connected: () => boolean;
  readonly capacity?: number;
}

interface Row {
  readonly id: string;
  readonly kind: OutboxKind;
  readonly body: string;
}

/**
 * What the hub must not miss: kept on disk from the moment it happened until the hub says it is stored, sent again at
 * every reconnection and every few seconds. Bounded: when full, reports of what was spoken go first, then old turns.
 */
export class Outbox implements Unit {
  readonly #parts: OutboxParts;
  /** When each was last sent, monotonic. */
  readonly #sent = new Map<string, number>();
  #cancel: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  #more = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#cancel ??= this.#parts.clock.every(RESEND_MS, () => void this.flush());
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#flushing;
  }

  get size(): number {
    return (this.#parts.db.prepare("SELECT count(*) AS n FROM outbox").get() as { n: number }).n;
  }

  /** Durable when it returns; sending starts at once. The same id replaces nothing and is kept once. */
  put<K extends OutboxKind>(kind: K, id: string, body: TopicBody<K>): void {
    const { db, clock } = this.#parts;
    this.#makeRoom();
    db.prepare(
      `INSERT INTO outbox (id, kind, body, created_at, seq)
       VALUES (?, ?, ?, ?, (SELECT coalesce(max(seq), 0) + 1 FROM outbox)) ON CONFLICT (id) DO NOTHING`,
    ).run(id, kind, JSON.stringify(body), Math.floor(clock.now()));
    void this.flush();
  }

  /** The hub has these. Unknown ids are fine: an acknowledgement may come twice. */
  acknowledge(ids: readonly string[]): void {
    const forget = this.#parts.db.prepare("DELETE FROM outbox WHERE id = ?");
    for (const id of ids) {
      forget.run(id);
      this.#sent.delete(id);
    }
  }

  /** A new connection: whatever was under way on the old one may be lost, so everything counts as not sent. */
  async reconnected(): Promise<void> {
    this.#sent.clear();
    await this.flush();
  }

  /** Sends what was not sent within the last few seconds, oldest first. */
  flush(): Promise<void> {
    this.#more = true;
    this.#flushing ??= Promise.resolve().then(() => this.#drain());
    return this.#flushing;
  }

  async #drain(): Promise<void> {
    try {
      // Rows may arrive, and the line may return, while others are being sent.
      while (this.#more) {
        this.#more = false;
        await this.#sendDue();
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async #sendDue(): Promise<void> {
    const { db, clock, connected, send, log } = this.#parts;
    if (!connected()) return;
    const rows = db.prepare("SELECT id, kind, body FROM outbox ORDER BY seq").all() as unknown as Row[];
    const due = rows.filter((row) => clock.monotonic() - (this.#sent.get(row.id) ?? -RESEND_MS) >= RESEND_MS);
    for (const row of due) {
      this.#sent.set(row.id, clock.monotonic());
      try {
        await send(row.kind, row.id, JSON.parse(row.body));
      } catch (error) {
        this.#sent.delete(row.id);
        log.debug({ id: row.id, reason: messageOf(error) }, "message stays in the outbox");
        return;
      }
    }
  }

  #makeRoom(): void {
    const { db, log, counters, capacity = CAPACITY } = this.#parts;
    if (this.size < capacity) return;
    const victim = db.prepare("SELECT id, kind FROM outbox ORDER BY kind = 'turn', seq LIMIT 1").get() as Pick<
      Row,
      "id" | "kind"
    >;
    db.prepare("DELETE FROM outbox WHERE id = ?").run(victim.id);
    this.#sent.delete(victim.id);
    counters.add("outboxDropped");
    log.warn({ id: victim.id, kind: victim.kind, capacity }, "outbox full; the oldest message was dropped");
  }
}
