import type { BeadRecord } from "@barnacle/protocol/beads";
import { addressOf } from "./address.ts";
import { labelOf, threadOf } from "./post.ts";
import { MAIL_PRIORITIES, type MailPriority } from "./words.ts";

/**
 * `pending`: nobody looked at it; `delivered`: its reader has it before him; `acked`: he said that he is done with it. Two
 * steps, both to be seen, so that nobody acts twice on the same message and nobody takes one for done that was only read.
 */
export type DeliveryState = "pending" | "delivered" | "acked";

/** A message as its reader sees it. */
export interface MessageView {
  readonly id: string;
  readonly from: string;
  /** Exactly one of these three. */
  readonly to?: string;
  readonly queue?: string;
  readonly channel?: string;
  readonly subject: string;
  readonly body: string;
  /** RFC 3339. */
  readonly timestamp: string;
  /** By the reader, where there is one; else by whom it was sent to. */
  readonly read: boolean;
  readonly archived: boolean;
  readonly priority: MailPriority;
  readonly type: string;
  /** `interrupt`: a running agent is told at once. */
  readonly delivery: "queue" | "interrupt";
  readonly thread_id: string;
  readonly reply_to?: string;
  readonly pinned: boolean;
  /** Forgotten some days after it was archived. */
  readonly wisp: boolean;
  readonly cc: readonly string[];
  readonly claimed_by?: string;
  readonly claimed_at?: string;
  readonly delivery_state: DeliveryState;
  readonly delivery_acked_by?: string;
  readonly delivery_acked_at?: string;
}

/** What one reader did with a message that is not his alone. */
export interface Seen {
  readonly seenAt: number | undefined;
  readonly ackedAt: number | undefined;
  readonly archivedAt: number | undefined;
}

/** @param seen of a reader who is not the addressee; absent: the message's own state */
export function messageView(bead: BeadRecord, reader?: { readonly who: string; readonly seen: Seen }): MessageView {
  const label = (name: string) => labelOf(bead, name);
  const maybe = <K extends string>(key: K, value: string | undefined) => (value === undefined ? {} : { [key]: value });
  const [queue, channel, claimed] = [label("queue"), label("channel"), label("claimed-by")];
  const to = queue === undefined && channel === undefined ? bead.assignee : undefined;
  const priority = MAIL_PRIORITIES[Math.min(bead.priority, MAIL_PRIORITIES.length - 1)] ?? "normal";
  return {
    id: bead.id,
    from: bead.sender ?? label("from") ?? bead.created_by ?? "",
    ...maybe("to", to),
    ...maybe("queue", queue),
    ...maybe("channel", channel),
    ...{ subject: bead.title, body: bead.description ?? "", timestamp: bead.created_at },
    ...(reader ? stateFor(reader) : ownState(bead)),
    ...{ priority, type: label("msg-type") ?? "notification", delivery: priority === "urgent" ? "interrupt" : "queue" },
    thread_id: threadOf(bead),
    ...maybe("reply_to", label("reply-to")),
    ...{ pinned: bead.pinned === true, wisp: bead.ephemeral === true },
    cc: (bead.labels ?? []).filter((one) => one.startsWith("cc:")).map((one) => one.slice("cc:".length)),
    ...maybe("claimed_by", claimed),
    ...maybe("claimed_at", label("claimed-at")),
  } as MessageView;
}

function ownState(bead: BeadRecord) {
  const { labels = [], status } = bead;
  const archived = status === "closed" || status === "tombstone";
  const state = labelOf(bead, "delivery") as DeliveryState | undefined;
  const acked = state === "acked" || archived;
  const [by, at] = [labelOf(bead, "delivery-acked-by"), labelOf(bead, "delivery-acked-at")];
  return {
    ...{ read: archived || labels.includes("read"), archived },
    delivery_state: acked ? "acked" : (state ?? "pending"),
    ...(by === undefined ? {} : { delivery_acked_by: by }),
    ...(at === undefined ? {} : { delivery_acked_at: at }),
  };
}

function stateFor({ who, seen: { seenAt, ackedAt, archivedAt } }: { readonly who: string; readonly seen: Seen }) {
  const acked = ackedAt ?? archivedAt;
  return {
    ...{ read: acked !== undefined, archived: archivedAt !== undefined },
    delivery_state: acked !== undefined ? "acked" : seenAt !== undefined ? "delivered" : "pending",
    ...(acked === undefined ? {} : { delivery_acked_by: who, delivery_acked_at: new Date(acked).toISOString() }),
  };
}

/** Whether the message's own state is that of `who`: it was sent to him, or he claimed it. */
export function isAddressee(bead: BeadRecord, who: string): boolean {
  return bead.assignee !== undefined && addressOf(bead.assignee) === who && labelOf(bead, "channel") === undefined;
}
