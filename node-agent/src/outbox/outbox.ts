import { messageOf } from "@barnacle/protocol/errors";
import type { TopicBody } from "@barnacle/protocol/mqtt";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { NodeDatabase } from "../state/index.ts";
import type { Counters } from "../telemetry/counters.ts";
import { KINDS, type OutboxKind, OutboxRows, type Row } from "./rows.ts";

const RESEND_MS = 5000;
const CAPACITY = 1000;
const HOUR_MS = 3600 * 1000;
const KEEP_MS = 14 * 24 * HOUR_MS;
/** An event that the hub stores within this time never touches the disk. */
const GRACE_MS = 1000;
/** While the hub is away: the most that a power cut takes, and at most so often the disk is written. */
const BATCH_MS = 250;

export interface OutboxParts {
  readonly db: NodeDatabase;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Sends one message under its own id; rejects while the hub is away. */
  readonly send: <K extends OutboxKind>(kind: K, id: string, body: TopicBody<K>) => Promise<void>;
  readonly connected: () => boolean;
  /** Most messages. */
  readonly capacity?: number | undefined;
  /** How long a message may wait, counted while the node runs; the wall clock has no say, it may be years off. */
  readonly keepMs?: number | undefined;
}

/**
 * What the hub must not miss: kept until the hub says it is stored, sent again at every reconnection and every few seconds,
 * in order. Turns are on disk from the moment they happened; events (`notice`) are written in batches, and only when the hub
 * does not have them by then. Bounded by number and age: when full, reports of what was spoken go first, then events, then
 * turns. Where the disk takes nothing, messages wait in memory and are written as soon as it does.
 */
export class Outbox implements Unit {
  readonly #parts: OutboxParts;
  readonly #rows: OutboxRows;
  /** Not on disk yet, in order, with the monotonic time at which each happened. */
  #young: { row: Row; at: number }[] = [];
  /** When each was last sent, monotonic. */
  readonly #sent = new Map<string, number>();
  /** Events of this run, monotonic: a wall clock that is put right later puts their times right. */
  readonly #happened = new Map<string, number>();
  #seq: number | undefined;
  #cancel: (() => void)[] = [];
  #writeDue: (() => void) | undefined;
  #flushing: Promise<void> | undefined;
  #more = false;
  #unwritable = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#rows = new OutboxRows(parts.db);
  }

  async start(): Promise<void> {
    if (this.#cancel.length > 0) return;
    const { clock } = this.#parts;
    this.#cancel = [
      clock.every(RESEND_MS, () => {
        if (this.#unwritable) this.#write();
        void this.flush();
      }),
      clock.every(HOUR_MS, () => this.#expire()),
    ];
  }

  /** What is not on disk yet is written. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancel.splice(0)) cancel();
    await this.#flushing;
    this.#write();
    this.#writeDue?.();
    this.#writeDue = undefined;
  }

  get size(): number {
    return this.#rows.count + this.#young.length;
  }

  /** Why messages wait in memory instead of on disk. */
  get unwritable(): boolean {
    return this.#unwritable;
  }

  /** A turn is durable when it returns, unless the disk takes nothing. Sending starts at once. The same id is kept once. */
  put<K extends OutboxKind>(kind: K, id: string, body: TopicBody<K>): void {
    const { clock, connected } = this.#parts;
    this.#makeRoom();
    this.#seq = (this.#seq ?? this.#rows.last) + 1;
    if (!this.#young.some(({ row }) => row.id === id)) {
      this.#young.push({ row: { id, kind, body: JSON.stringify(body), seq: this.#seq }, at: clock.monotonic() });
    }
    if (kind === "notice") {
      this.#happened.set(id, clock.monotonic());
      this.#writeDue ??= clock.after(connected() ? GRACE_MS : BATCH_MS, () => this.#write());
    } else this.#write();
    void this.flush();
  }

  /** The hub has these. Unknown ids are fine: an acknowledgement may come twice. */
  acknowledge(ids: readonly string[]): void {
    const young = this.#young.length;
    this.#forget(ids);
    if (this.#young.length === young || ids.length > 1) this.#remove(ids);
  }

  /** A new connection: whatever was under way on the old one may be lost, so everything counts as not sent. */
  async reconnected(): Promise<void> {
    this.#sent.clear();
    await this.flush();
  }

  /** Sends what was not sent within the last few seconds, oldest first. */
  flush(): Promise<void> {
    this.#more = true;
    this.#flushing ??= Promise.resolve().then(() => this.#drain());
    return this.#flushing;
  }

  async #drain(): Promise<void> {
    try {
      // Rows may arrive, and the line may return, while others are being sent.
      while (this.#more) {
        this.#more = false;
        await this.#sendDue();
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async #sendDue(): Promise<void> {
    const { clock, connected, send, log } = this.#parts;
    if (!connected()) return;
    const rows = [...this.#rows.all(), ...this.#young.map(({ row }) => row)];
    const due = rows.filter((row) => clock.monotonic() - (this.#sent.get(row.id) ?? -RESEND_MS) >= RESEND_MS);
    for (const row of due) {
      this.#sent.set(row.id, clock.monotonic());
      try {
        await send(row.kind, row.id, this.#bodyOf(row));
      } catch (error) {
        this.#sent.delete(row.id);
        log.debug({ id: row.id, reason: messageOf(error) }, "message stays in the outbox");
        return;
      }
    }
  }

  #bodyOf(row: Row): TopicBody<OutboxKind> {
    const body = JSON.parse(row.body) as TopicBody<OutboxKind>;
    const happened = this.#happened.get(row.id);
    if (happened === undefined || !("at" in body)) return body;
    const { clock } = this.#parts;
    return { ...body, at: Math.max(0, Math.floor(clock.now() - (clock.monotonic() - happened))) };
  }

  /** All that is not on disk yet, in one transaction. */
  #write(): void {
    const { clock, counters, log } = this.#parts;
    this.#writeDue?.();
    this.#writeDue = undefined;
    try {
      this.#rows.insert(
        this.#young.map(({ row }) => row),
        clock.now(),
      );
      this.#young = [];
      if (this.#unwritable) log.info({}, "the outbox is on disk again");
      this.#unwritable = false;
    } catch (error) {
      counters.add("outboxUnsaved");
      if (!this.#unwritable)
        log.error({ reason: messageOf(error) }, "the outbox cannot be written; messages wait in memory");
      this.#unwritable = true;
    }
  }

  #remove(ids: readonly string[]): void {
    try {
      this.#rows.remove(ids);
    } catch (error) {
      // It will be sent again, and the hub knows it by its id.
      this.#parts.log.warn({ reason: messageOf(error) }, "acknowledged messages could not be removed");
    }
  }

  #forget(ids: readonly string[]): void {
    const gone = new Set(ids);
    this.#young = this.#young.filter(({ row }) => !gone.has(row.id));
    for (const id of ids) {
      this.#sent.delete(id);
      this.#happened.delete(id);
    }
  }

  #expire(): void {
    const { counters, log, clock, keepMs = KEEP_MS } = this.#parts;
    const young = this.#young.filter(({ at }) => clock.monotonic() - at > keepMs).map(({ row }) => row.id);
    let old: string[] = [];
    try {
      if (this.#rows.count > 0) old = this.#rows.age(HOUR_MS, keepMs);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, "the age of waiting messages could not be written down");
    }
    const expired = [...old, ...young];
    if (expired.length === 0) return;
    counters.add("outboxExpired", expired.length);
    log.warn({ messages: expired.length }, "messages waited too long for the hub and were given up");
    this.#forget(expired);
    this.#remove(old);
  }

  #makeRoom(): void {
    const { log, counters, capacity = CAPACITY } = this.#parts;
    if (this.size < capacity) return;
    const waiting = [...this.#rows.all(), ...this.#young.map(({ row }) => row)];
    const rank = (row: Row): number => KINDS.indexOf(row.kind);
    const victim = waiting.reduce((worst, row) => (rank(row) < rank(worst) ? row : worst));
    const young = this.#young.length;
    this.#forget([victim.id]);
    if (this.#young.length === young) this.#remove([victim.id]);
    counters.add("outboxDropped");
    log.warn({ id: victim.id, kind: victim.kind, capacity }, "outbox full; the oldest message was dropped");
  }
}
