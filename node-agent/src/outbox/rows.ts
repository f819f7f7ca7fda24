import type { TopicBody } from "@barnacle/protocol/mqtt";
import type { NodeDatabase } from "../state/index.ts";

/** What the hub must not miss. When there is no room left, the kinds go in this order. */
export const KINDS = ["spoken", "notice", "turn"] as const;
export type OutboxKind = (typeof KINDS)[number];

export interface Row {
  readonly id: string;
  readonly kind: OutboxKind;
  /** JSON. */
  readonly body: string;
  readonly seq: number;
}

export type Message<K extends OutboxKind = OutboxKind> = TopicBody<K>;

/** The outbox on disk; one transaction for each call. */
export class OutboxRows {
  readonly #db: NodeDatabase;

  constructor(db: NodeDatabase) {
    this.#db = db;
  }

  get count(): number {
    return (this.#db.prepare("SELECT count(*) AS n FROM outbox").get() as { n: number }).n;
  }

  get last(): number {
    return (this.#db.prepare("SELECT coalesce(max(seq), 0) AS n FROM outbox").get() as { n: number }).n;
  }

  /** Oldest first. */
  all(): Row[] {
    return this.#db.prepare("SELECT id, kind, body, seq FROM outbox ORDER BY seq").all() as unknown as Row[];
  }

  /** Durable when it returns. An id that is there already is kept as it is. */
  insert(rows: readonly Row[], at: number): void {
    if (rows.length === 0) return;
    this.#together(() => {
      const insert = this.#db.prepare(
        "INSERT INTO outbox (id, kind, body, created_at, seq) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
      );
      for (const { id, kind, body, seq } of rows) insert.run(id, kind, body, Math.floor(at), seq);
    });
  }

  remove(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#together(() => {
      const remove = this.#db.prepare("DELETE FROM outbox WHERE id = ?");
      for (const id of ids) remove.run(id);
    });
  }

  /** Every message has waited for so much longer while the node ran; returns those that waited longer than they may. */
  age(ms: number, limitMs: number): string[] {
    this.#db.prepare("UPDATE outbox SET waited = waited + ?").run(ms);
    const old = this.#db.prepare("SELECT id FROM outbox WHERE waited > ? ORDER BY seq").all(limitMs);
    return old.map(({ id }) => String(id));
  }

  #together(work: () => void): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#db.exec("COMMIT");
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}
