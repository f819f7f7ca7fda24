import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";

export interface InboxEntry {
  readonly channel: string;
  readonly account: string;
  /** With channel and account: the same message whenever it comes again. */
  readonly externalId: string;
  readonly direction: "in" | "out";
  readonly sender: string;
  readonly text: string;
  readonly thread?: string;
  readonly room?: string;
  readonly turnId?: string;
  readonly replyTo?: string;
  readonly at: number;
  readonly metadata?: JsonObject;
  /** On record only: it enters read and archived. */
  readonly archived?: boolean;
}

export interface InboxMessage extends InboxEntry {
  readonly id: string;
  readonly read: boolean;
  readonly archived: boolean;
  readonly receivedAt: number;
}

export interface InboxQuery {
  readonly channel?: string;
  readonly thread?: string;
  readonly sender?: string;
  readonly room?: string;
  readonly unread?: boolean;
  readonly archived?: boolean;
  /** Full text. */
  readonly text?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

export interface InboxEntered {
  readonly message: InboxMessage;
  /** False: it was here already; `message` is the one that was. */
  readonly created: boolean;
}

export interface InboxEventMap {
  entered: { readonly message: InboxMessage };
  /** What is on record only. */
  recorded: { readonly message: InboxMessage };
}

/** Every turn and message enters through `enter`, once. */
export interface Inbox {
  readonly events: Events<InboxEventMap>;
  /** `alongside` is written in the same transaction, so that a message and what it belongs to are stored together or not at all. */
  enter(entry: InboxEntry, alongside?: (entered: InboxEntered) => void): Promise<InboxEntered>;
  get(id: string): Promise<InboxMessage | undefined>;
  list(query: InboxQuery): Promise<{ readonly messages: readonly InboxMessage[]; readonly nextCursor?: string }>;
  mark(id: string, flags: { read?: boolean; archived?: boolean }): Promise<InboxMessage>;
  /** Forgets the oldest messages of a channel beyond the newest `keep`; returns how many. */
  trim(channel: string, keep: number): Promise<number>;
  counts(): Promise<{ readonly total: number; readonly unread: number; readonly archived: number }>;
}
