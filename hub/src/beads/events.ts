import type { EventBody } from "./changes.ts";
import type { Sql, WritableSql } from "./sql.ts";

export type BeadEventKind =
  | "created"
  | "imported"
  | "updated"
  | "status_changed"
  | "claimed"
  | "released"
  | "closed"
  | "reopened"
  | "commented"
  | "dependency_added"
  | "dependency_removed"
  | "label_added"
  | "label_removed"
  | "attempt_failed"
  | "deleted"
  | "purged";

/** Who changed what when. Never edited: the table refuses. */
export interface BeadEvent {
  readonly seq: number;
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly who: string;
  readonly kind: BeadEventKind;
  readonly body: EventBody;
}

export interface EventQuery {
  readonly id?: string | undefined;
  /** Only later ones. */
  readonly after?: number | undefined;
  /** Default 100; 0: all. */
  readonly limit?: number | undefined;
  /** The latest first instead of the earliest. */
  readonly newest?: boolean | undefined;
}

const EVENTS_SHOWN = 100;

export class EventLog {
  readonly #sql: Sql | WritableSql;
  /** Valid within the transaction that this log is made in. */
  #next: number | undefined;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  append(event: Omit<BeadEvent, "seq">): BeadEvent {
    const { id, at, who, kind, body } = event;
    const sql = this.#sql as WritableSql;
    this.#next ??= 1 + Number(sql.one("SELECT seq FROM sqlite_sequence WHERE name = 'bead_events'")?.seq ?? 0);
    const seq = this.#next++;
    sql.run(
      "INSERT INTO bead_events (seq, id, at, who, kind, body) VALUES (?, ?, ?, ?, ?, ?)",
      ...[seq, id, at, who, kind, JSON.stringify(body)],
    );
    return { seq, ...event };
  }

  /** At most `limit` later ones as lines of JSON, bodies untouched; undefined when there are none. */
  lines(after: number, limit: number): { readonly last: number; readonly text: string } | undefined {
    // One text for all of them: a row each costs as much again.
    const row = this.#sql.one(
      `SELECT max(seq) AS last, group_concat('{"seq":' || seq || ',"id":' || json_quote(id) || ',"at":' || at ||
         ',"who":' || json_quote(who) || ',"kind":"' || kind || '","body":' || body || '}' || char(10), '') AS text
       FROM (SELECT * FROM bead_events WHERE seq > ? ORDER BY seq LIMIT ?)`,
      ...[after, limit],
    );
    return typeof row?.last === "number" ? { last: row.last, text: String(row.text) } : undefined;
  }

  list({ id, after = 0, limit = EVENTS_SHOWN, newest = false }: EventQuery): BeadEvent[] {
    const where = id === undefined ? "" : "AND id = ?";
    return this.#sql
      .all(
        `SELECT * FROM bead_events WHERE seq > ? ${where} ORDER BY seq ${newest ? "DESC" : "ASC"} LIMIT ?`,
        ...[after, ...(id === undefined ? [] : [id]), limit === 0 ? -1 : limit],
      )
      .map((row) => ({
        seq: Number(row.seq),
        id: String(row.id),
        at: Number(row.at),
        who: String(row.who),
        kind: String(row.kind) as BeadEventKind,
        body: JSON.parse(String(row.body)),
      }));
  }
}
