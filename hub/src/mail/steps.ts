import { type BeadRecord, instantText } from "@barnacle/protocol/beads";
import type { BeadWriter } from "../beads/index.ts";
import { seenBy } from "./reads.ts";
import { isAddressee, messageView } from "./view.ts";

/** What became of a message that somebody said to be done with. */
export interface Handled {
  readonly id: string;
  /** `before`: it was so already, and by whom. */
  readonly acknowledged: "now" | "before";
  readonly by: string;
  readonly at: string;
  readonly archived: boolean;
}

/** The first step: `who` has it before him. Others than its readers leave no trace. */
export function markDelivered(writer: BeadWriter, bead: BeadRecord, who: string): void {
  if (isAddressee(bead, who)) {
    if (messageView(bead).delivery_state === "pending") relabel(writer, bead, "delivered", []);
    return;
  }
  if (isReader(writer, bead, who)) {
    writer.sql.run(
      "INSERT INTO mail_seen (message, who, seen_at) VALUES (?, ?, ?) ON CONFLICT (message, who) DO NOTHING",
      ...[bead.id, who, writer.now],
    );
  }
}

/** The second step: `who` is done with it. */
export function acknowledge(writer: BeadWriter, bead: BeadRecord, who: string): Handled {
  const now = instantText(writer.now);
  if (!isAddressee(bead, who) && isReader(writer, bead, who)) return mark(writer, bead, who, "acked_at");
  const { delivery_acked_by: by, delivery_acked_at: at, delivery_state, archived } = messageView(bead);
  if (delivery_state === "acked") {
    return { id: bead.id, acknowledged: "before", by: by ?? who, at: at ?? bead.closed_at ?? now, archived };
  }
  relabel(writer, bead, "acked", ["read", `delivery-acked-by:${who}`, `delivery-acked-at:${now}`]);
  return { id: bead.id, acknowledged: "now", by: who, at: now, archived };
}

/** Out of the way. */
export function archive(writer: BeadWriter, bead: BeadRecord, who: string): Handled {
  if (!isAddressee(bead, who) && isReader(writer, bead, who)) return mark(writer, bead, who, "archived_at");
  const handled = acknowledge(writer, bead, who);
  writer.closing.close(bead.id, { reason: `Archived by ${who}`, force: true });
  return { ...handled, archived: true };
}

/** A message is also of those it was copied to, and of everybody who follows its channel. */
function isReader(_writer: BeadWriter, bead: BeadRecord, who: string): boolean {
  return bead.labels?.some((label) => label === `cc:${who}` || label.startsWith("channel:")) === true;
}

function mark(writer: BeadWriter, bead: BeadRecord, who: string, column: "acked_at" | "archived_at"): Handled {
  const before = seenBy(writer.sql, bead.id, who);
  const known = before.ackedAt ?? before.archivedAt;
  writer.sql.run(
    `INSERT INTO mail_seen (message, who, seen_at, ${column}) VALUES (?1, ?2, ?3, ?3)
     ON CONFLICT (message, who) DO UPDATE SET ${column} = coalesce(${column}, excluded.${column})`,
    ...[bead.id, who, writer.now],
  );
  const archived = column === "archived_at" || before.archivedAt !== undefined;
  const at = instantText(known ?? writer.now);
  return { id: bead.id, acknowledged: known === undefined ? "now" : "before", by: who, at, archived };
}

function relabel(writer: BeadWriter, bead: BeadRecord, state: string, more: readonly string[]): void {
  const kept = (bead.labels ?? []).filter((label) => !/^delivery:/.test(label));
  writer.update(bead.id, { labels: [...kept, `delivery:${state}`, ...more] });
}
