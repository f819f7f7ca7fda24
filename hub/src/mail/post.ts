import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import { addressOf, OVERSEER, senderOf } from "./address.ts";
import { MAIL_PRIORITIES, MAIL_TYPES, type MailPriority, type MailType } from "./words.ts";

/** A message to one agent or person; `queue:<name>` and `channel:<name>` as `to` reach a queue and a channel. */
export interface NewMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body?: string | undefined;
  /** Default `normal`. */
  readonly priority?: MailPriority | undefined;
  /** Default `notification`, of an answer `reply`. */
  readonly type?: MailType | undefined;
  /** Default: that of `replyTo`, else a thread of its own. */
  readonly threadId?: string | undefined;
  /** The message that is answered. */
  readonly replyTo?: string | undefined;
  readonly cc?: readonly string[] | undefined;
  /** Stays at hand, and is kept. */
  readonly pinned?: boolean | undefined;
  /** Kept when it was read; without it, and not pinned, a message is forgotten some days after it was archived. */
  readonly permanent?: boolean | undefined;
  /** A repeated post with the same key is the first one. */
  readonly key?: string | undefined;
  /** `false`: a running agent is not told that it came. */
  readonly notify?: boolean | undefined;
}

/**
 * Posts a message within the transaction of `writer`: a bead of type `message`, delivered once that transaction is kept.
 * What goes to `overseer` also enters the household's inbox.
 * @throws INPUT_INVALID naming the member, BEAD_UNKNOWN when what is answered is not there
 */
export function postMail(writer: BeadWriter, mail: NewMail): BeadRecord {
  const { subject, body, priority = "normal", replyTo, pinned = false, permanent = false, key } = mail;
  const from = senderOf(mail.from);
  const place = placeOf(mail.to);
  const cc = [...new Set((mail.cc ?? []).map(addressOf))].filter((one) => one !== place.to);
  const type = mail.type ?? (replyTo === undefined ? "notification" : "reply");
  oneOf("priority", priority, MAIL_PRIORITIES);
  oneOf("type", type, MAIL_TYPES);
  if (subject.trim() === "") throw new BarnacleError("INPUT_INVALID", "subject: expected a text");
  const thread = mail.threadId ?? (replyTo === undefined ? undefined : threadOf(writer.need(replyTo).bead));
  const labels = [
    `from:${from}`,
    `msg-type:${type}`,
    ...(thread === undefined ? [] : [`thread:${thread}`]),
    ...(replyTo === undefined ? [] : [`reply-to:${replyTo}`]),
    ...cc.map((one) => `cc:${one}`),
    ...(place.queue === undefined ? [] : [`queue:${place.queue}`]),
    ...(place.channel === undefined ? [] : [`channel:${place.channel}`]),
    ...(place.channel === undefined ? ["delivery:pending"] : []),
    ...(mail.notify === false ? ["notify:no"] : []),
  ];
  const bead = writer.create({
    ...{ title: subject, description: body, issue_type: "message", priority: MAIL_PRIORITIES.indexOf(priority) },
    ...{ assignee: place.to ?? null, sender: from, labels, ephemeral: !permanent && !pinned, pinned },
    ...(replyTo === undefined ? {} : { dependencies: [{ on: replyTo, kind: "replies-to" }] }),
    ...(key === undefined ? {} : { key }),
  });
  if (place.to === OVERSEER || cc.includes(OVERSEER)) {
    writer.sql.run("INSERT INTO mail_overseer (message) VALUES (?) ON CONFLICT DO NOTHING", bead.id);
  }
  return bead;
}

/** A thread has the id of the message that began it. */
export function threadOf(message: BeadRecord): string {
  return labelOf(message, "thread") ?? message.id;
}

/** What stands after `name:` in the first label of that name. */
export function labelOf({ labels = [] }: Pick<BeadRecord, "labels">, name: string): string | undefined {
  return labels.find((label) => label.startsWith(`${name}:`))?.slice(name.length + 1);
}

function placeOf(to: string): { readonly to?: string; readonly queue?: string; readonly channel?: string } {
  const [, kind, name = ""] = /^(queue|channel):(.*)$/.exec(to.trim()) ?? [];
  if (kind === undefined) return { to: addressOf(to) };
  return { [kind]: mailName(kind, name) };
}

/** The name of a queue, a channel or a group. @throws INPUT_INVALID */
export function mailName(what: string, name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/i.test(name)) return name;
  throw new BarnacleError(
    "INPUT_INVALID",
    `${what}: "${name.slice(0, 60)}" is no name; expected letters, digits, dots and dashes`,
  );
}

function oneOf(member: string, value: string, words: readonly string[]): void {
  if (words.includes(value)) return;
  throw new BarnacleError("INPUT_INVALID", `${member}: "${value.slice(0, 40)}" is none of ${words.join(", ")}`);
}
