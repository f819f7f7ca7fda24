import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Random } from "@barnacle/protocol/runtime";
import type { Inbox, InboxEntered, InboxEntry, InboxEventMap, InboxMessage, InboxQuery } from "../services.ts";
import type { Store } from "../store/index.ts";
import { type InboxTables, type MessageRow, messageFromRow } from "./row.ts";
import { matchExpression } from "./search.ts";

export interface StoredInboxOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

const DEFAULT_LIMIT = 50;
const MOST = 500;

/** Everything anybody said to the hub or by it, in one place, each message once however often it is delivered. */
export class StoredInbox implements Inbox {
  readonly events = new Events<InboxEventMap>();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: StoredInboxOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  async enter(entry: InboxEntry, alongside?: (entered: InboxEntered) => void): Promise<InboxEntered> {
    const entered = await this.#store.commit(() => {
      const done = this.#insert(entry);
      alongside?.(done);
      return done;
    });
    if (entered.created) this.events.emit(entry.archived ? "recorded" : "entered", { message: entered.message });
    return entered;
  }

  async get(id: string): Promise<InboxMessage | undefined> {
    const row = this.#store.one("SELECT * FROM messages WHERE id = ?", id);
    return row && messageFromRow(row as unknown as MessageRow);
  }

  /**
   * Newest first. Archived messages are left out unless asked for. The cursor names the last message of a page, so what
   * arrives meanwhile neither repeats nor hides anything.
   * @throws INPUT_INVALID for a cursor that is none of ours
   */
  async list(query: InboxQuery): Promise<{ messages: readonly InboxMessage[]; nextCursor?: string }> {
    const limit = Math.min(Math.max(1, Math.floor(query.limit ?? DEFAULT_LIMIT)), MOST);
    const before = query.cursor === undefined ? undefined : seqOf(query.cursor);
    const match = query.text === undefined ? undefined : matchExpression(query.text);
    if (query.text !== undefined && match === undefined) return { messages: [] };
    const kysely = await this.#store.query<InboxTables>();
    const { sql } = await import("kysely");
    let select = kysely
      .selectFrom("messages")
      .selectAll()
      .where("archived", "=", query.archived ? 1 : 0);
    if (query.channel !== undefined) select = select.where("channel", "=", query.channel);
    if (query.thread !== undefined) select = select.where("thread", "=", query.thread);
    if (query.sender !== undefined) select = select.where("sender", "=", query.sender);
    if (query.room !== undefined) select = select.where("room", "=", query.room);
    if (query.unread !== undefined) select = select.where("read", "=", query.unread ? 0 : 1);
    if (before !== undefined) select = select.where("seq", "<", before);
    if (match !== undefined) {
      select = select.where(sql<boolean>`seq IN (SELECT rowid FROM messages_text WHERE messages_text MATCH ${match})`);
    }
    const rows = await select
      .orderBy("seq", "desc")
      .limit(limit + 1)
      .execute();
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const messages = page.map(messageFromRow);
    return rows.length > limit && last ? { messages, nextCursor: cursorOf(last.seq) } : { messages };
  }

  /** @throws NOT_FOUND */
  async mark(id: string, flags: { read?: boolean; archived?: boolean }): Promise<InboxMessage> {
    const row = await this.#store.commit(() =>
      this.#store.one(
        "UPDATE messages SET read = coalesce(?, read), archived = coalesce(?, archived) WHERE id = ? RETURNING *",
        flag(flags.read),
        flag(flags.archived),
        id,
      ),
    );
    if (!row) throw new BarnacleError("NOT_FOUND", `no message has the id ${id}`, { details: { id } });
    return messageFromRow(row as unknown as MessageRow);
  }

  async trim(channel: string, keep: number): Promise<number> {
    return this.#store.commit(() => {
      const gone = this.#store.all(
        `DELETE FROM messages WHERE channel = ?1 AND seq <= (
           SELECT seq FROM messages WHERE channel = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2) RETURNING seq`,
        channel,
        keep,
      );
      return gone.length;
    });
  }

  /** `unread` counts what is not archived. */
  async counts(): Promise<{ total: number; unread: number; archived: number }> {
    const row = this.#store.one(
      `SELECT (SELECT count(*) FROM messages) AS total,
              (SELECT count(*) FROM messages WHERE read = 0 AND archived = 0) AS unread,
              (SELECT count(*) FROM messages WHERE archived = 1) AS archived`,
    );
    return { total: Number(row?.total), unread: Number(row?.unread), archived: Number(row?.archived) };
  }

  /** What the household itself sends needs no reading. */
  #insert(entry: InboxEntry): InboxEntered {
    const row = this.#store.one(
      `INSERT INTO messages (id, channel, account, external_id, direction, sender, text, thread, room, turn_id, reply_to,
         at, received_at, metadata, read, archived) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (channel, account, external_id) DO NOTHING RETURNING *`,
      this.#random.uuid(),
      entry.channel,
      entry.account,
      entry.externalId,
      entry.direction,
      entry.sender,
      entry.text,
      entry.thread ?? null,
      entry.room ?? null,
      entry.turnId ?? null,
      entry.replyTo ?? null,
      entry.at,
      this.#clock.now(),
      entry.metadata === undefined ? null : JSON.stringify(entry.metadata),
      flag(entry.direction === "out" || entry.archived === true),
      flag(entry.archived === true),
    );
    if (row) return { message: messageFromRow(row as unknown as MessageRow), created: true };
    const known = this.#store.one(
      "SELECT * FROM messages WHERE channel = ? AND account = ? AND external_id = ?",
      entry.channel,
      entry.account,
      entry.externalId,
    );
    return { message: messageFromRow(known as unknown as MessageRow), created: false };
  }
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : value ? 1 : 0;
}

function cursorOf(seq: number): string {
  return `m${seq.toString(36)}`;
}

function seqOf(cursor: string): number {
  const seq = /^m[0-9a-z]{1,11}$/.test(cursor) ? Number.parseInt(cursor.slice(1), 36) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw new BarnacleError(
    "INPUT_INVALID",
    `"${cursor}" is not a cursor of this list; take nextCursor of the page before`,
  );
}
