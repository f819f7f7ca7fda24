import type { BeadRecord } from "@barnacle/protocol/beads";
import { parseInstant } from "@barnacle/protocol/beads/instant";
import { hasCode, messageOf } from "@barnacle/protocol/errors";
import type { TownBase } from "../town/part.ts";
import { messageView } from "./view.ts";

export const MAIL_CHANNEL = "mail";

type Parts = Pick<TownBase, "store" | "hub" | "log">;

/**
 * Mail to the overseer is mail to people: it enters the household's inbox, once each, whatever ends in between. What cannot
 * be entered now is tried again with the next.
 */
export async function enterInbox({ store, hub, log }: Parts): Promise<void> {
  if (!hub) return;
  try {
    for (const row of store.all(
      `SELECT o.message, b.line FROM mail_overseer o LEFT JOIN beads b ON b.id = o.message WHERE o.inbox_id IS NULL ORDER BY b.seq`,
    )) {
      const id = String(row.message);
      if (row.line === null) {
        await store.commit(() => store.run("DELETE FROM mail_overseer WHERE message = ?", id));
        continue;
      }
      const view = messageView(JSON.parse(String(row.line)) as BeadRecord);
      await hub.inbox.enter(
        {
          ...{ channel: MAIL_CHANNEL, account: "town", externalId: id, direction: "in", sender: view.from },
          ...{ text: view.body === "" ? view.subject : `${view.subject}\n\n${view.body}`, thread: view.thread_id },
          at: parseInstant(view.timestamp)?.ms ?? 0,
          metadata: { subject: view.subject, type: view.type, priority: view.priority },
        },
        ({ message }) => store.run("UPDATE mail_overseer SET inbox_id = ? WHERE message = ?", message.id, id),
      );
    }
  } catch (error) {
    if (!hasCode(error, "HUB_STOPPING")) log.error({ error: messageOf(error) }, "mail could not enter the inbox");
  }
}

/** What the overseer did with his mail is so in the inbox too. */
export async function markInInbox(
  { store, hub, log }: Parts,
  id: string,
  flags: { readonly archived: boolean },
): Promise<void> {
  const inboxId = hub && store.one("SELECT inbox_id FROM mail_overseer WHERE message = ?", id)?.inbox_id;
  if (typeof inboxId !== "string") return;
  try {
    await hub?.inbox.mark(inboxId, { read: true, ...(flags.archived ? { archived: true } : {}) });
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND", "HUB_STOPPING")) log.warn({ error: messageOf(error) }, "the inbox was not marked");
  }
}
