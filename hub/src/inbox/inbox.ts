import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Random } from "@barnacle/protocol/runtime";
import type { Inbox, InboxEntry, InboxMessage, InboxQuery } from "../services.ts";
import type { Store } from "../store/index.ts";
import { cursorOf, querySql } from "./query.ts";
import { messageOf } from "./row.ts";

export interface MessageInboxOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

const INSERT = `
  INSERT INTO messages (id, channel, account, external_id, direction, sender, text, thread, room, turn_id, reply_to, at,
    received_at, metadata, read, archived)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
  ON CONFLICT (channel, account, external_id) DO NOTHING`;

/** Every turn and message of the house, in order of arrival, each once however often it is delivered. */
export class MessageInbox implements Inbox {
  readonly events = new Events<{ entered: { readonly message: InboxMessage } }>();
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: MessageInboxOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Resolves when the message is on disk. What the house itself says (`out`) needs no reading and is entered as read. */
  async enter(entry: InboxEntry): Promise<{ readonly message: InboxMessage; readonly created: boolean }> {
    const result = await this.#store.commit(() => {
      const changed = this.#store.run(
        INSERT,
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
        entry.direction === "out" ? 1 : 0,
      );
      const row = this.#store.one(
        "SELECT * FROM messages WHERE channel = ? AND account = ? AND external_id = ?",
        entry.channel,
        entry.account,
        entry.externalId,
      );
      if (!row) throw new BarnacleError("INTERNAL", `message ${entry.externalId} vanished while it was entered`);
      return { message: messageOf(row), created: changed === 1 };
    });
    if (result.created) this.events.emit("entered", { message: result.message });
    return result;
  }

  async get(id: string): Promise<InboxMessage | undefined> {
    const row = this.#store.one("SELECT * FROM messages WHERE id = ?", id);
    return row && messageOf(row);
  }

  /** Newest first. `archived` absent or false: only what is not archived. @throws INPUT_INVALID for a foreign cursor */
  async list(query: InboxQuery): Promise<{ readonly messages: readonly InboxMessage[]; readonly nextCursor?: string }> {
    const { sql, parameters, limit } = querySql(query);
    const rows = this.#store.all(sql, ...parameters);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      messages: page.map(messageOf),
      ...(rows.length > limit && last ? { nextCursor: cursorOf(Number(last.seq)) } : {}),
    };
  }

  /** @throws NOT_FOUND */
  async mark(id: string, flags: { read?: boolean; archived?: boolean }): Promise<InboxMessage> {
    return this.#store.commit(() => {
      const { read, archived } = flags;
      if (read !== undefined) this.#store.run("UPDATE messages SET read = ? WHERE id = ?", read ? 1 : 0, id);
      if (archived !== undefined)
        this.#store.run("UPDATE messages SET archived = ? WHERE id = ?", archived ? 1 : 0, id);
      const row = this.#store.one("SELECT * FROM messages WHERE id = ?", id);
      if (!row) throw new BarnacleError("NOT_FOUND", `no message ${id} in the inbox`);
      return messageOf(row);
    });
  }

  /** `unread` leaves out what is archived. */
  async counts(): Promise<{ readonly total: number; readonly unread: number; readonly archived: number }> {
    const row = this.#store.one(
      "SELECT count(*) AS total, coalesce(sum(read = 0 AND archived = 0), 0) AS unread, coalesce(sum(archived), 0) AS archived FROM messages",
    );
    return { total: Number(row?.total), unread: Number(row?.unread), archived: Number(row?.archived) };
  }
}
