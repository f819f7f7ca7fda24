import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import { addressOf, matchesAddress } from "./address.ts";
import { channels } from "./places.ts";
import { threadOf } from "./post.ts";
import { isAddressee, type MessageView, messageView, type Seen } from "./view.ts";

/** What a question about mail is asked of. */
export interface MailReading {
  readonly sql: Sql;
  readonly reads: Pick<BeadReads, "resolve">;
  readonly now: () => number;
}

export interface InboxQuery {
  /** Whose. */
  readonly identity: string;
  readonly unread?: boolean | undefined;
  /** Archived ones too. */
  readonly all?: boolean | undefined;
  /** Default 50; 0: all. */
  readonly limit?: number | undefined;
}

export interface MailCheck {
  readonly identity: string;
  /** Nobody looked at them yet. */
  readonly pending: number;
  /** Looked at, and not said to be done with. */
  readonly delivered: number;
  readonly messages: readonly MessageView[];
}

const SHOWN = 50;
const LIVE = "issue_type = 'message' AND status <> 'tombstone'";
const PLACED = "b.line, b.created_at, b.created_sub, b.seq";
const NOTHING: Seen = { seenAt: undefined, ackedAt: undefined, archivedAt: undefined };

/** What is for somebody: sent to him, copied to him, claimed by him, or said in a channel that he follows. Newest first. */
export function inbox(reading: MailReading, { identity, unread, all, limit = SHOWN }: InboxQuery): MessageView[] {
  const who = addressOf(identity);
  const views = rowsFor(reading, who, all === true)
    .map((bead) => viewFor(reading.sql, bead, who))
    .filter((view) => (all || !view.archived) && !(unread && view.read));
  return limit === 0 ? views : views.slice(0, limit);
}

export function check(reading: MailReading, identity: string): MailCheck {
  const messages = inbox(reading, { identity, unread: true, limit: 0 });
  const pending = messages.filter(({ delivery_state }) => delivery_state === "pending");
  return {
    ...{ identity: addressOf(identity), pending: pending.length, delivered: messages.length - pending.length },
    messages: pending,
  };
}

/** @throws BEAD_UNKNOWN, INPUT_INVALID when it is no message */
export function messageOf({ sql, reads }: Pick<MailReading, "sql" | "reads">, id: string): BeadRecord {
  const whole = reads.resolve(id);
  const bead = beadOf(sql.one("SELECT line FROM beads WHERE id = ?", whole) as Row);
  if (bead.issue_type === "message") return bead;
  throw new BarnacleError("INPUT_INVALID", `${whole} is no message but a ${bead.issue_type}`);
}

/** Every message of the thread that `id` belongs to, the oldest first. */
export function thread(reading: MailReading, id: string): MessageView[] {
  const root = threadOf(messageOf(reading, id));
  return reading.sql
    .all(
      `SELECT b.line FROM beads b WHERE ${LIVE} AND (b.id = ?1 OR b.id IN (SELECT id FROM bead_labels WHERE label = 'thread:' || ?1))
       ORDER BY b.created_at, b.created_sub, b.seq`,
      root,
    )
    .map((row) => messageView(beadOf(row)));
}

/** What one channel kept, newest first. */
export function channelMessages({ sql, now }: MailReading, name: string, limit = SHOWN): MessageView[] {
  const { keep_ms } = channels(sql).find((one) => one.name === name) ?? { keep_ms: 0 };
  return sql
    .all(
      `SELECT b.line FROM bead_labels l JOIN beads b ON b.id = l.id WHERE l.label = ? AND ${LIVE} AND (? = 0 OR b.created_at >= ?)
       ORDER BY b.created_at DESC, b.created_sub DESC, b.seq DESC LIMIT ?`,
      ...[`channel:${name}`, keep_ms, now() - keep_ms, limit === 0 ? -1 : limit],
    )
    .map((row) => messageView(beadOf(row)));
}

/** As `who` sees it. */
export function viewFor(sql: Sql, bead: BeadRecord, who: string): MessageView {
  return isAddressee(bead, who) ? messageView(bead) : messageView(bead, { who, seen: seenBy(sql, bead.id, who) });
}

export function seenBy(sql: Sql, message: string, who: string): Seen {
  const row = sql.one("SELECT * FROM mail_seen WHERE message = ? AND who = ?", message, who);
  if (!row) return NOTHING;
  const time = (value: unknown) => (value === null ? undefined : Number(value));
  return { seenAt: time(row.seen_at), ackedAt: time(row.acked_at), archivedAt: time(row.archived_at) };
}

function rowsFor({ sql, now }: MailReading, who: string, all: boolean): BeadRecord[] {
  const direct = sql.all(
    `SELECT ${PLACED} FROM beads b WHERE assignee = ? AND ${LIVE}${all ? "" : " AND status <> 'closed'"}`,
    who,
  );
  const copies = sql.all(
    `SELECT ${PLACED} FROM bead_labels l JOIN beads b ON b.id = l.id WHERE l.label = ? AND ${LIVE}`,
    `cc:${who}`,
  );
  const followed = channels(sql).filter(({ subscribers }) => subscribers.some((one) => matchesAddress(one, who)));
  const said = followed.flatMap(({ name, keep_ms }) =>
    sql.all(
      `SELECT ${PLACED} FROM bead_labels l JOIN beads b ON b.id = l.id WHERE l.label = ? AND ${LIVE} AND (? = 0 OR b.created_at >= ?)`,
      ...[`channel:${name}`, keep_ms, now() - keep_ms],
    ),
  );
  // What one said oneself is no news; what was sent to oneself is.
  const others = [...copies, ...said].map(placed).filter(({ bead }) => bead.sender !== who);
  const found = new Map([...direct.map(placed), ...others].map((one) => [one.bead.id, one]));
  return [...found.values()].sort((a, b) => b.at - a.at || b.sub - a.sub || b.seq - a.seq).map(({ bead }) => bead);
}

function placed(row: Row) {
  return { bead: beadOf(row), at: Number(row.created_at), sub: Number(row.created_sub), seq: Number(row.seq) };
}

export function beadOf(row: Row): BeadRecord {
  return JSON.parse(String(row.line)) as BeadRecord;
}
