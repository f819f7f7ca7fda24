import type { InboxMessage } from "../services.ts";

/** Channel of the inbox that nodes' notices stand in; the thread is their kind. */
export const EVENTS_CHANNEL = "events";

/** A stored message, with the number that orders arrivals. */
export interface MessageRow {
  readonly seq: number;
  readonly id: string;
  readonly channel: string;
  readonly account: string;
  readonly external_id: string;
  readonly direction: "in" | "out";
  readonly sender: string;
  readonly text: string;
  readonly thread: string | null;
  readonly room: string | null;
  readonly turn_id: string | null;
  readonly reply_to: string | null;
  readonly at: number;
  readonly received_at: number;
  readonly metadata: string | null;
  readonly read: number;
  readonly archived: number;
}

export interface InboxTables {
  messages: MessageRow;
}

export function messageFromRow(row: MessageRow): InboxMessage {
  return {
    id: row.id,
    channel: row.channel,
    account: row.account,
    externalId: row.external_id,
    direction: row.direction,
    sender: row.sender,
    text: row.text,
    thread: row.thread ?? undefined,
    room: row.room ?? undefined,
    turnId: row.turn_id ?? undefined,
    replyTo: row.reply_to ?? undefined,
    at: row.at,
    receivedAt: row.received_at,
    metadata: row.metadata === null ? undefined : JSON.parse(row.metadata),
    read: row.read === 1,
    archived: row.archived === 1,
  };
}
