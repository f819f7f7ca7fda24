import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { RunStatus, RunUsage, SessionEvents, SessionRecord, TranscriptMessage } from "../services.ts";
import type { SessionKey } from "./key.ts";
import type { SessionNotes } from "./notes.ts";
import type { SessionTable } from "./table.ts";

type Announcement = { [K in keyof SessionEvents]: readonly [K, SessionEvents[K]] }[keyof SessionEvents];

export interface SessionWriterOptions {
  readonly table: SessionTable;
  readonly notes: SessionNotes;
  readonly clock: Clock;
  readonly random: Random;
}

/** What can be done to sessions within one commit. It notes what to announce once the commit is on disk. */
export class SessionWriter {
  readonly announcements: Announcement[] = [];
  readonly #options: SessionWriterOptions;

  constructor(options: SessionWriterOptions) {
    this.#options = options;
  }

  ensure(
    target: SessionKey,
    options: { via: string; sessionId?: string | undefined; displayName?: string },
  ): SessionRecord {
    const { table, clock, random } = this.#options;
    const known = table.get(target.key);
    if (known) return known;
    const { via, sessionId = random.uuid(), displayName } = options;
    table.insert(target, { via, sessionId, at: clock.now(), ...(displayName === undefined ? {} : { displayName }) });
    return this.changed(target.key, "create");
  }

  append(target: SessionKey, entry: { runId?: string | undefined; message: JsonObject }): TranscriptMessage {
    const { table, clock, random } = this.#options;
    const session = this.ensure(target, { via: "run" });
    const message = table.append(session, { id: random.uuid(), ...entry }, clock.now());
    this.announcements.push(["message", { session: table.get(target.key) as SessionRecord, message }]);
    return message;
  }

  reset(target: SessionKey, reason: string): SessionRecord {
    const { table, clock, random } = this.#options;
    const session = this.ensure(target, { via: "operator" });
    this.archive(session, session.lastSeq, "reset");
    table.set(target.key, {
      ...{ session_id: random.uuid(), updated_at: clock.now(), last_seq: 0, title: null, preview: null },
      ...{ input_tokens: 0, output_tokens: 0, total_tokens: 0, run_status: null, run_error: null, unread_at: null },
    });
    return this.changed(target.key, reason);
  }

  /** @returns the name of the archive, if there was anything to put into it */
  archive(session: SessionRecord, upTo: number, reason: string): string[] {
    const { table, clock } = this.#options;
    const at = clock.now();
    // Two in one millisecond would be the same name; the sequence number tells them apart.
    const name = `${session.sessionId}.${reason}.${at}.${upTo}`;
    return table.archive(session, upTo, name, reason, at) > 0 ? [name] : [];
  }

  run(target: SessionKey, run: { runId: string; status: RunStatus; error?: string | undefined }): void {
    this.#options.table.setRun(target.key, run);
    this.changed(target.key, run.status === "running" ? "run-start" : "run-end");
  }

  used(target: SessionKey, usage: RunUsage | undefined, model: { provider?: string; model?: string }): void {
    if (usage) this.#options.table.count(target.key, usage);
    const { provider, model: name } = model;
    if (provider !== undefined && name !== undefined) this.#options.table.set(target.key, { provider, model: name });
  }

  takeNotes(target: SessionKey): string[] {
    return this.#options.notes.take(target.key);
  }

  changed(key: string, reason: string): SessionRecord {
    const session = this.#options.table.get(key) as SessionRecord;
    this.announcements.push(["changed", { key, reason, session }]);
    return session;
  }

  gone(key: string, reason: string): void {
    this.announcements.push(["changed", { key, reason }]);
  }
}
