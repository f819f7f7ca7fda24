import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, Events, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type {
  HistoryQuery,
  SessionBook,
  SessionEvents,
  SessionPatch,
  SessionQuery,
  SessionRecord,
  TranscriptMessage,
} from "../services.ts";
import type { Store } from "../store/index.ts";
import { MAIN, type SessionKey, sessionKey } from "./key.ts";
import { SessionNotes } from "./notes.ts";
import { filterOf } from "./query.ts";
import { changedSettings } from "./settings.ts";
import { SessionTable } from "./table.ts";
import { SessionWriter } from "./writer.ts";

/** Archives of transcripts are kept this long, and sessions that were made for one call. */
const ARCHIVE_MS = 30 * 24 * 60 * 60 * 1000;
const LIST_LIMIT = 500;
const RECENT = 5;

export interface SessionBookOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  /** Whose bare keys are; default `main`. */
  readonly defaultAgent?: string;
}

/** Every conversation of the hub, on disk before it is acknowledged. */
export class StoredSessions implements SessionBook, Unit {
  readonly events = new Events<SessionEvents>();
  readonly #options: SessionBookOptions;
  readonly #table: SessionTable;
  readonly #notes: SessionNotes;
  /** By agent, "" for all; until the next change. */
  readonly #recent = new Map<string, ReturnType<StoredSessions["list"]>>();

  constructor(options: SessionBookOptions) {
    this.#options = options;
    this.#table = new SessionTable(options.store);
    this.#notes = new SessionNotes(options.store);
  }

  async start(): Promise<void> {
    await this.#options.store.commit(() => {
      const before = this.#options.clock.now() - ARCHIVE_MS;
      this.#table.prune(before);
      this.#table.dropPassing(before);
      this.#table.endRuns();
    });
  }

  async stop(): Promise<void> {
    // Nothing is held between calls.
  }

  canonical(key: string | undefined, agentId?: string): string {
    return this.#key(key, agentId).key;
  }

  systemEvent(key: string, text: string): Promise<void> {
    return this.#notes.add(this.#key(key).key, text, this.#options.clock.now());
  }

  systemEvents(key: string): readonly string[] {
    return this.#notes.list(this.#key(key).key);
  }

  get(key: string): SessionRecord | undefined {
    return this.#table.get(this.#key(key).key);
  }

  list(query: SessionQuery): { readonly sessions: readonly SessionRecord[]; readonly total: number } {
    const { where, parameters } = filterOf(query);
    const order = query.sortBy === "lastInteractionAt" ? "coalesce(interaction_at, 0)" : "updated_at";
    const limit = Math.min(query.limit ?? LIST_LIMIT, LIST_LIMIT);
    const tail = `ORDER BY ${order} DESC, session_key LIMIT ${limit} OFFSET ${query.offset ?? 0}`;
    return {
      sessions: this.#table.matching(where, parameters, tail),
      total: this.#table.countOf(where, parameters),
    };
  }

  recent(agentId?: string) {
    const name = agentId ?? "";
    const known = this.#recent.get(name);
    if (known) return known;
    const found = this.list({ limit: RECENT, ...(agentId === undefined ? {} : { agentId }) });
    this.#recent.set(name, found);
    return found;
  }

  find(by: { sessionId?: string; label?: string; agentId?: string }): SessionRecord[] {
    const [column, value] =
      by.sessionId === undefined ? (["label", by.label ?? ""] as const) : (["session_id", by.sessionId] as const);
    const found = this.#table.matching(`WHERE ${column} = ?`, [value], "ORDER BY updated_at DESC LIMIT 20");
    return found.filter(({ agentId }) => by.agentId === undefined || agentId === by.agentId);
  }

  ensure(key: string, options: { via: string; sessionId?: string; displayName?: string }): Promise<SessionRecord> {
    return this.write((writer) => writer.ensure(this.#key(key), options));
  }

  patch(key: string, patch: SessionPatch): Promise<SessionRecord> {
    const target = this.#key(key);
    return this.write((writer) => {
      const session = writer.ensure(target, { via: "operator" });
      const at = this.#options.clock.now();
      const taken = patch.label ? this.find({ label: patch.label })[0] : undefined;
      if (taken && taken.key !== target.key) {
        throw new BarnacleError("CONFLICT", `label already in use: ${patch.label} (session ${taken.key})`);
      }
      this.#table.set(target.key, {
        ...{ updated_at: at, settings: JSON.stringify(changedSettings(session.settings, patch.settings ?? {})) },
        ...(patch.label === undefined ? {} : { label: patch.label }),
        ...(patch.displayName === undefined ? {} : { display_name: patch.displayName }),
        ...(patch.pinned === undefined ? {} : { pinned_at: patch.pinned ? at : null }),
        ...(patch.archived === undefined ? {} : { archived_at: patch.archived ? at : null }),
        ...(patch.unread === undefined ? {} : patch.unread ? { unread_at: at } : { unread_at: null, read_at: at }),
      });
      return writer.changed(target.key, "patch");
    });
  }

  reset(key: string, reason: string): Promise<SessionRecord> {
    return this.write((writer) => writer.reset(this.#key(key), reason));
  }

  remove(key: string, { keepTranscript }: { keepTranscript: boolean }) {
    const target = this.#key(key);
    if (target.rest === MAIN) throw mainStays(target);
    return this.write((writer) => {
      const session = this.#table.get(target.key);
      if (!session) return { deleted: false, archived: [] };
      const archived = keepTranscript ? [] : writer.archive(session, session.lastSeq, "deleted");
      this.#table.delete(target.key);
      writer.gone(target.key, "delete");
      return { deleted: true, archived };
    });
  }

  compact(key: string, keep: number) {
    const target = this.#key(key);
    return this.write((writer) => {
      const session = this.#table.get(target.key);
      const total = session ? this.#table.total(session) : 0;
      if (!session || total <= keep) return { compacted: false, kept: total };
      const [archived] = writer.archive(session, session.lastSeq - keep, "compacted");
      writer.changed(target.key, "compact");
      return { compacted: true, kept: keep, ...(archived === undefined ? {} : { archived }) };
    });
  }

  history(key: string, query: HistoryQuery) {
    const session = this.get(key);
    if (!session) return { messages: [], total: 0 };
    const { after = 0, offset = 0, limit } = query;
    return {
      messages: this.#table.messages(session, { after, offset, limit }),
      total: this.#table.total(session),
    };
  }

  message(key: string, id: string): TranscriptMessage | undefined {
    return this.#table.message(this.#key(key).key, id);
  }

  inject(key: string, message: JsonObject): Promise<TranscriptMessage> {
    const target = this.#key(key);
    return this.write((writer) => {
      if (!this.#table.get(target.key)) throw new BarnacleError("NOT_FOUND", `session not found: ${target.key}`);
      return writer.append(target, { message });
    });
  }

  groups(): readonly string[] {
    return this.#notes.groups();
  }

  setGroups(names: readonly string[]): Promise<void> {
    return this.#notes.setGroups(names);
  }

  counts(): { readonly total: number } {
    return { total: this.#table.countOf("", []) };
  }

  #key(given: string | undefined, agentId?: string): SessionKey {
    return sessionKey(given, agentId ?? this.#options.defaultAgent);
  }

  /** One commit; what was written is announced when it is on disk. */
  async write<T>(fn: (writer: SessionWriter) => T): Promise<T> {
    const { store, clock, random } = this.#options;
    let writer: SessionWriter | undefined;
    const result = await store.commit(() => {
      writer = new SessionWriter({ table: this.#table, notes: this.#notes, clock, random });
      return fn(writer);
    });
    this.#recent.clear();
    for (const [name, payload] of writer?.announcements ?? []) this.events.emit(name, payload as never);
    return result;
  }
}

function mainStays({ key }: SessionKey): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `Cannot delete the main session (${key}).`);
}
