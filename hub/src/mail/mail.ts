import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError, messageOf as textOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { BeadsChanged, BeadWriter } from "../beads/index.ts";
import type { TownBase } from "../town/part.ts";
import { addressOf, senderOf } from "./address.ts";
import { claim, release } from "./claims.ts";
import { enterInbox, markInInbox } from "./overseer.ts";
import { channelOf, membersOf, queueOf } from "./places.ts";
import { labelOf, type NewMail, postMail, threadOf } from "./post.ts";
import { messageOf, viewFor } from "./reads.ts";
import { forgetOld, keepChannel } from "./retention.ts";
import { acknowledge, archive, type Handled, markDelivered } from "./steps.ts";
import { type MessageView, messageView } from "./view.ts";

/** What mail needs of other parts. */
export interface MailPorts {
  /** Addresses of all agents there are: groups with patterns mean them. */
  readonly addresses: () => readonly string[];
  /** A running agent is told that something came; nothing of it is kept for one that does not run. */
  readonly tell: (to: string, from: string, text: string, urgent: boolean) => Promise<unknown>;
}

export interface MailOptions extends TownBase {
  readonly ports: MailPorts;
}

/** `to`: an address, `@group`, `queue:<name>`, `channel:<name>`, or several of them with commas. */
export type Letter = NewMail;

const FORGET_EVERY_MS = 6 * 3_600_000;
const FORGET_FIRST_MS = 60_000;

/** Mail between agents and people. Messages are beads; this part sends them, hands them over and keeps what is said of them. */
export class Mail implements Unit {
  readonly #options: MailOptions;
  readonly #cancel: (() => void)[] = [];
  /** What comes into the inbox comes in the order in which it was sent. */
  #entering: Promise<void> = Promise.resolve();

  constructor(options: MailOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { beads, clock } = this.#options;
    beads.events.on("changed", (change) => this.#told(change), this);
    this.#cancel.push(clock.after(FORGET_FIRST_MS, () => this.#forget()));
    this.#cancel.push(clock.every(FORGET_EVERY_MS, () => this.#forget()));
    // What was posted beside a stopped hub, or in the moment before it died.
    this.#enter();
    await this.#entering;
  }

  async stop(): Promise<void> {
    this.#options.beads.events.dropOwner(this);
    for (const cancel of this.#cancel.splice(0)) cancel();
    await this.#entering;
  }

  /** Sends to everybody who is meant, each a message of his own, all in one thread. @throws INPUT_INVALID, NOT_FOUND, BEAD_UNKNOWN */
  send(who: string, letter: Letter): Promise<MessageView[]> {
    const { store, beads, ports } = this.#options;
    return beads.write(who, (writer) => {
      const places = letter.to.split(",").flatMap((to) => {
        const group = /^\s*(?:@|group:)(.+)$/.exec(to)?.[1]?.trim();
        if (group === undefined) return [to];
        return membersOf(store, group, ports.addresses()).filter((one) => addressOf(one) !== senderOf(letter.from));
      });
      if (places.length === 0) throw new BarnacleError("INPUT_INVALID", `to: nobody is in ${letter.to}`);
      let thread = letter.threadId;
      return [...new Set(places)].map((to, n) => {
        this.#checkPlace(to.trim());
        const key = letter.key === undefined || n === 0 ? letter.key : `${letter.key} ${n}`;
        const bead = postMail(writer, { ...letter, to, key, ...(thread === undefined ? {} : { threadId: thread }) });
        if (places.length > 1) thread ??= threadOf(bead);
        const channel = labelOf(bead, "channel");
        if (channel !== undefined) keepChannel(writer, channelOf(writer.sql, channel));
        return messageView(bead);
      });
    });
  }

  /** To who sent it, in its thread. The answered message is acknowledged by that. */
  reply(who: string, id: string, answer: Pick<NewMail, "body"> & Partial<NewMail>): Promise<MessageView> {
    const me = senderOf(answer.from ?? who);
    return this.#write(who, (writer) => {
      const bead = this.#message(id);
      const { from, channel } = messageView(bead);
      const to = answer.to ?? (channel === undefined ? from : `channel:${channel}`);
      const subject = answer.subject ?? (/^re:/i.test(bead.title) ? bead.title : `Re: ${bead.title}`);
      const sent = postMail(writer, { ...answer, to, from: me, subject, replyTo: bead.id });
      acknowledge(writer, bead, me);
      if (channel !== undefined) keepChannel(writer, channelOf(writer.sql, channel));
      return messageView(sent);
    });
  }

  /**
   * The message, for `who`: his from now on counts as delivered, which is not acknowledged. Others look without a trace.
   * @throws BEAD_UNKNOWN, INPUT_INVALID
   */
  read(who: string, id: string): Promise<MessageView> {
    const me = addressOf(who);
    return this.#write(who, (writer) => {
      markDelivered(writer, this.#message(id), me);
      return viewFor(writer.sql, this.#message(id), me);
    });
  }

  /** The step after reading: `who` is done with them. Says for each whether it was the first time. */
  acknowledge(who: string, ids: readonly string[]): Promise<Handled[]> {
    const me = addressOf(who);
    return this.#write(who, (writer) => ids.map((id) => acknowledge(writer, this.#message(id), me)));
  }

  /** Out of the inbox; acknowledged, if it was not. */
  archive(who: string, ids: readonly string[]): Promise<Handled[]> {
    const me = addressOf(who);
    return this.#write(who, (writer) => ids.map((id) => archive(writer, this.#message(id), me)));
  }

  /**
   * Takes one message of a queue, the most urgent and then the oldest, or a certain one. Of many who ask at once one gets it.
   * Null: nothing waits there.
   * @throws BEAD_NOT_CLAIMABLE saying who has it, FORBIDDEN when `who` is not meant, NOT_FOUND
   */
  claim(who: string, what: { readonly queue: string } | { readonly id: string }): Promise<MessageView | null> {
    const me = addressOf(who);
    return this.#write(who, (writer) => {
      const taken = claim(writer, "id" in what ? this.#message(what.id) : queueOf(writer.sql, what.queue), me);
      return taken === undefined ? null : messageView(taken);
    });
  }

  /** Gives a claimed message back to its queue. @throws BEAD_NOT_CLAIMABLE when another has it */
  release(who: string, id: string): Promise<MessageView> {
    const me = addressOf(who);
    return this.#write(who, (writer) => messageView(release(writer, this.#message(id), me)));
  }

  /** For what changes queues, channels and groups. */
  change<T>(who: string, kind: string, name: string, change: (writer: BeadWriter) => T): Promise<T> {
    return this.#write(who, change).then((result) => {
      this.#emit(name, kind);
      return result;
    });
  }

  async #write<T>(who: string, change: (writer: BeadWriter) => T): Promise<T> {
    return this.#options.beads.write(who, change);
  }

  #message(id: string): BeadRecord {
    const { store, beads } = this.#options;
    return messageOf({ sql: store, reads: beads.reads }, id);
  }

  #checkPlace(to: string): void {
    const { store } = this.#options;
    const [, kind, name = ""] = /^(queue|channel):(.*)$/.exec(to) ?? [];
    if (kind === "queue") queueOf(store, name);
    if (kind === "channel" && channelOf(store, name).closed) {
      throw new BarnacleError("INPUT_INVALID", `to: the channel ${name} is closed`);
    }
  }

  /** Whoever posted it, by whichever part: it is told once it is on disk. */
  #told({ events }: BeadsChanged): void {
    for (const { id, kind, body } of events) {
      if (kind !== "created" || !("line" in body)) {
        if (kind === "closed" || kind === "updated") this.#handled(id);
        continue;
      }
      const bead = JSON.parse(body.line) as BeadRecord;
      if (bead.issue_type !== "message") continue;
      this.#emit(id, "sent", bead);
      this.#tell(bead);
    }
    this.#enter();
  }

  #handled(id: string): void {
    const { store } = this.#options;
    const row = store.one("SELECT line FROM beads WHERE id = ? AND issue_type = 'message'", id);
    if (!row) return;
    const { read, archived, delivery_state } = messageView(JSON.parse(String(row.line)) as BeadRecord);
    this.#emit(id, archived ? "archived" : delivery_state);
    if (read || archived) this.#entering = this.#entering.then(() => markInInbox(this.#options, id, { archived }));
  }

  #tell(bead: BeadRecord): void {
    const { ports, log } = this.#options;
    const { to, from, subject, cc, delivery, id } = messageView(bead);
    if (bead.labels?.includes("notify:no")) return;
    for (const one of [...(to === undefined ? [] : [to]), ...cc]) {
      const text = `Mail from ${from}: ${subject} (${id}). Read it: barnacle mail read ${id}`;
      ports.tell(one, from, text, delivery === "interrupt").catch((error: unknown) => {
        log.warn({ to: one, message: id, error: textOf(error) }, "an agent was not told of its mail");
      });
    }
  }

  #enter(): void {
    this.#entering = this.#entering.then(() => enterInbox(this.#options));
  }

  #forget(): void {
    forgetOld(this.#options.beads, this.#options.clock.now()).catch((error: unknown) => {
      this.#options.log.warn({ error: textOf(error) }, "old mail could not be forgotten");
    });
  }

  #emit(id: string, kind: string, bead?: BeadRecord): void {
    const { events, clock } = this.#options;
    const { from, to, subject } = bead ? messageView(bead) : { from: undefined, to: undefined, subject: undefined };
    const data = bead ? { data: { from, to: to ?? null, subject } } : {};
    events.emit("changed", { noun: "mail", id, kind, at: clock.now(), ...data });
  }
}
