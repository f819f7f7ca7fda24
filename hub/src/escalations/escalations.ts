import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { BeadWriter } from "../beads/index.ts";
import type { EscalationConfig } from "../config/escalation.ts";
import type { TownBase } from "../town/part.ts";
import { type Escalation, find, findByCause, insert, SEVERITIES, type Severity } from "./row.ts";
import { Sender } from "./sender.ts";
import { tell } from "./tell.ts";

/** Speaks to the household. @throws why it could not */
export type Notify = (text: string, key: string) => Promise<unknown>;

export interface EscalationsOptions extends TownBase {
  readonly settings: () => EscalationConfig;
  /** Absent: no channel is configured. */
  readonly notify: () => Notify | undefined;
}

export interface NewEscalation {
  readonly severity: Severity;
  readonly subject: string;
  readonly reason?: string | undefined;
  /** What it comes from: `witness`, `ci`; default: who raises it. */
  readonly source?: string | undefined;
  readonly bead?: string | undefined;
  /** One per cause. */
  readonly key?: string | undefined;
}

/** The escalation, and whether it was a new one. */
export type Raised = Escalation & { readonly repeated: boolean };

const SECOND = 1000;

/**
 * Calls for help, told along the routes of their severity until somebody says that he takes care. Whatever is to be told is
 * written down with the call itself; what comes due while the hub is down is told when it is back.
 */
export class Escalations implements Unit {
  readonly #options: EscalationsOptions;
  readonly #sender: Sender;
  #cancel: (() => void) | undefined;
  #running = false;

  constructor(options: EscalationsOptions) {
    this.#options = options;
    this.#sender = new Sender(options);
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#options.beads.events.on(
      "changed",
      ({ events }) => {
        for (const { id, kind, who } of events) if (kind === "closed") this.#closedElsewhere(id, who);
      },
      this,
    );
    this.#sender.start();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.beads.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#sender.stop();
  }

  /** @throws INPUT_INVALID, BEAD_UNKNOWN (of the bead it is about) */
  async raise(who: string, wanted: NewEscalation): Promise<Raised> {
    const raised = await this.#options.beads.write(who, (writer) => this.raiseIn(writer, wanted));
    this.told(raised);
    return raised;
  }

  /** Within somebody else's transaction; `told` is to be called after it. */
  raiseIn(writer: BeadWriter, wanted: NewEscalation): Raised {
    const { severity, subject, reason = "", source = writer.who, bead, key } = wanted;
    checkSeverity(severity);
    if (subject.trim() === "") throw new BarnacleError("INPUT_INVALID", "subject: expected a text");
    if (bead !== undefined) writer.need(bead);
    const before = key === undefined ? undefined : this.#again(writer, key, severity, reason);
    if (before) return { ...before, repeated: true };
    const { id } = writer.create({
      ...{
        title: subject,
        description: reason,
        issue_type: "gate",
        await_type: "human",
        priority: priorityOf(severity),
      },
      labels: ["gt:escalation", `severity:${severity}`, `source:${source}`],
      ...(bead === undefined ? {} : { dependencies: [{ on: bead, kind: "related" }] }),
    });
    const { staleSeconds, maxReescalations } = this.#options.settings();
    const dueAt = maxReescalations > 0 ? writer.now + staleSeconds * SECOND : undefined;
    const { who, now } = writer;
    insert(writer.sql, { id, severity, subject, reason, source, related: bead, cause: key, who, now, dueAt });
    const made = this.#need(writer, id);
    tell(writer, made, this.#options.settings(), 0);
    return { ...made, repeated: false };
  }

  /** What follows when a call is on disk. */
  told(raised: Escalation & { readonly repeated?: boolean }): void {
    this.#options.log.warn(
      { id: raised.id, severity: raised.severity, source: raised.source, related: raised.related_bead },
      `escalation: ${raised.subject}`,
    );
    this.#emit(raised.id, raised.repeated ? "repeated" : "raised", raised);
    if (!this.#running) return;
    this.#sender.wake();
    this.#arm();
  }

  /** Somebody takes care: it is not told again. Acknowledging twice changes nothing. @throws NOT_FOUND */
  async ack(who: string, id: string): Promise<Escalation> {
    return this.#change(who, id, "acked", (writer, one) => {
      if (one.state !== "open") return;
      writer.sql.run(
        "UPDATE escalations SET state = 'acked', acked_by = ?, acked_at = ?, due_at = NULL WHERE id = ?",
        ...[who, writer.now, one.id],
      );
      writer.addLabel(one.id, "acked");
    });
  }

  /** It is over. @throws NOT_FOUND */
  async close(who: string, id: string, reason = "Resolved"): Promise<Escalation> {
    return this.#change(who, id, "closed", (writer, one) => {
      if (one.state === "closed") return;
      closeRow(writer, one.id, who, reason);
      writer.closing.close(one.id, { reason, force: true });
    });
  }

  /** Raises again what is due. @returns how many */
  async reraise(): Promise<number> {
    const { beads, store, clock } = this.#options;
    const due = store.all("SELECT id FROM escalations WHERE due_at <= ? ORDER BY due_at", clock.now());
    for (const row of due) {
      const raised = await beads.write("escalations", (writer) => this.#higher(writer, String(row.id)));
      if (raised) this.#emit(raised.id, "reraised", raised);
    }
    if (due.length > 0) this.#sender.wake();
    this.#arm();
    return due.length;
  }

  #higher(writer: BeadWriter, id: string): Escalation | undefined {
    const one = this.#need(writer, id);
    if (one.state !== "open" || one.due_at === undefined) return undefined;
    const { maxReescalations, staleSeconds } = this.#options.settings();
    const count = one.reescalation_count + 1;
    const severity = SEVERITIES[Math.min(SEVERITIES.indexOf(one.severity) + 1, SEVERITIES.length - 1)] as Severity;
    const due = count < maxReescalations ? writer.now + staleSeconds * SECOND : null;
    writer.sql.run(
      `UPDATE escalations SET severity = ?, reraised = ?, reraised_at = ?, reraised_by = ?, told_at = ?, due_at = ? WHERE id = ?`,
      ...[severity, count, writer.now, writer.who, writer.now, due, id],
    );
    this.#relabel(writer, id, severity);
    writer.comment(
      id,
      `Nobody acknowledged it: raised from ${one.severity} to ${severity}, ${count} of ${maxReescalations}`,
    );
    const raised = this.#need(writer, id);
    tell(writer, raised, this.#options.settings(), count);
    return raised;
  }

  /** The same cause again: told anew once per cool-down, and at once when it has become more severe. */
  #again(writer: BeadWriter, key: string, severity: Severity, reason: string): Escalation | undefined {
    const known = findByCause(writer.sql, key);
    if (!known) return undefined;
    const { one, toldAt } = known;
    const { cooldownSeconds, staleSeconds } = this.#options.settings();
    const cool = writer.now - toldAt < cooldownSeconds * SECOND;
    if (one.state === "closed" && !cool) return undefined;
    writer.sql.run("UPDATE escalations SET occurrences = occurrences + 1 WHERE id = ?", one.id);
    const worse = SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(one.severity);
    if (one.state !== "closed" && (worse || (one.state === "open" && !cool))) {
      const now = worse ? severity : one.severity;
      // Who took care of it did not know of this.
      writer.sql.run(
        "UPDATE escalations SET severity = ?, state = 'open', told_at = ?, due_at = ? WHERE id = ?",
        ...[now, writer.now, writer.now + staleSeconds * SECOND, one.id],
      );
      if (worse) this.#relabel(writer, one.id, now);
      if (reason !== "" && reason !== one.reason) writer.comment(one.id, reason);
      const told = this.#need(writer, one.id);
      tell(writer, told, this.#options.settings(), `again-${told.occurrences}`);
    }
    return this.#need(writer, one.id);
  }

  async #change(
    who: string,
    part: string,
    kind: string,
    change: (writer: BeadWriter, one: Escalation) => void,
  ): Promise<Escalation> {
    const { beads } = this.#options;
    const changed = await beads.write(who, (writer) => {
      const one = this.#need(writer, beads.reads.resolve(part));
      change(writer, one);
      return this.#need(writer, one.id);
    });
    this.#emit(changed.id, kind, changed);
    if (this.#running) this.#arm();
    return changed;
  }

  /** Somebody closed its bead. */
  #closedElsewhere(id: string, who: string): void {
    const { store, beads, log } = this.#options;
    if (store.one("SELECT 1 AS open FROM escalations WHERE id = ? AND state <> 'closed'", id) === undefined) return;
    const reason = beads.reads.find(id)?.close_reason ?? "Closed";
    beads
      .write(who, (writer) => closeRow(writer, id, who, reason))
      .then(() => this.#emit(id, "closed"))
      .catch((error: unknown) => log.error({ id, error: messageOf(error) }, "an escalation could not be closed"));
  }

  #relabel(writer: BeadWriter, id: string, severity: Severity): void {
    const { labels = [] } = writer.need(id).bead;
    const kept = labels.filter((label) => !label.startsWith("severity:") && label !== "acked");
    writer.update(id, { labels: [...kept, `severity:${severity}`], priority: priorityOf(severity) });
  }

  #need({ sql }: Pick<BeadWriter, "sql">, id: string): Escalation {
    const one = find(sql, id);
    if (one) return one;
    throw new BarnacleError("NOT_FOUND", `${id} is no escalation`, { hint: "List them: barnacle escalate list" });
  }

  /** One timer, for what is due first. */
  #arm(): void {
    const { store, clock, log } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    if (!this.#running) return;
    const next = store.one("SELECT min(due_at) AS due FROM escalations WHERE due_at IS NOT NULL")?.due;
    if (next === null || next === undefined) return;
    this.#cancel = clock.after(Math.min(Math.max(0, Number(next) - clock.now()), LONGEST_TIMER_MS), () => {
      this.reraise().catch((error: unknown) => {
        log.error({ error: messageOf(error) }, "escalations could not be raised again");
        this.#cancel = clock.after(60_000, () => this.#arm());
      });
    });
  }

  #emit(id: string, kind: string, one?: Escalation): void {
    const { events, clock } = this.#options;
    const data = one && { severity: one.severity, state: one.state, subject: one.subject };
    events.emit("changed", { noun: "escalations", id, kind, at: clock.now(), ...(data ? { data } : {}) });
  }
}

/** Timers hold no more than 24 days. */
const LONGEST_TIMER_MS = 86_400_000;

function closeRow({ sql, now }: BeadWriter, id: string, who: string, reason: string): void {
  sql.run(
    "UPDATE escalations SET state = 'closed', closed_by = ?, closed_at = ?, closed_reason = ?, due_at = NULL WHERE id = ?",
    ...[who, now, reason, id],
  );
}

function checkSeverity(severity: string): void {
  if ((SEVERITIES as readonly string[]).includes(severity)) return;
  throw new BarnacleError("INPUT_INVALID", `severity: "${severity.slice(0, 40)}" is none of ${SEVERITIES.join(", ")}`);
}

/** Critical is 0. */
function priorityOf(severity: Severity): number {
  return SEVERITIES.length - 1 - SEVERITIES.indexOf(severity);
}
