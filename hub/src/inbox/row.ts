import type { JsonObject } from "@barnacle/protocol/schema";
import type { InboxEntry, InboxMessage } from "../services.ts";
import type { Row } from "../store/index.ts";

/** A row of `messages` as the rest of the hub sees it. */
export function messageOf(row: Row): InboxMessage {
  return {
    id: String(row.id),
    channel: String(row.channel),
    account: String(row.account),
    externalId: String(row.external_id),
    direction: row.direction as InboxEntry["direction"],
    sender: String(row.sender),
    text: String(row.text),
    ...optional("thread", row.thread),
    ...optional("room", row.room),
    ...optional("turnId", row.turn_id),
    ...optional("replyTo", row.reply_to),
    ...(row.metadata === null ? {} : { metadata: JSON.parse(String(row.metadata)) as JsonObject }),
    at: Number(row.at),
    receivedAt: Number(row.received_at),
    read: row.read === 1,
    archived: row.archived === 1,
  };
}

function optional<K extends string>(key: K, value: Row[string] | undefined): Partial<Record<K, string>> {
  return value === null || value === undefined ? {} : ({ [key]: String(value) } as Record<K, string>);
}
