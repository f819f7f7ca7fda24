import type { JsonObject } from "@barnacle/protocol/schema";
import type { RunStatus, SessionKind, SessionRecord, TranscriptMessage } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import type { SessionKey } from "./key.ts";
import { toMessage, toSession } from "./row.ts";
import { previewOf, textOf, titleOf } from "./text.ts";

export interface NewMessage {
  readonly id: string;
  readonly runId?: string | undefined;
  readonly message: JsonObject;
}

/** SQL of sessions and transcripts. Everything that writes is synchronous, to be called inside a commit. */
export class SessionTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(key: string): SessionRecord | undefined {
    const row = this.#store.one("SELECT * FROM sessions WHERE session_key = ?", key);
    return row && toSession(row);
  }

  insert(session: SessionKey, options: { sessionId: string; via: string; displayName?: string; at: number }): void {
    this.#store.run(
      `INSERT INTO sessions (session_key, agent_id, session_id, kind, display_name, created_via, settings, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, '{}', ?, ?)`,
      session.key,
      session.agentId,
      options.sessionId,
      kindOf(session.rest),
      options.displayName ?? null,
      options.via,
      options.at,
      options.at,
    );
  }

  set(key: string, columns: Readonly<Record<string, string | number | null>>): void {
    const names = Object.keys(columns);
    const assigned = names.map((name) => `${name} = ?`).join(", ");
    this.#store.run(`UPDATE sessions SET ${assigned} WHERE session_key = ?`, ...Object.values(columns), key);
  }

  delete(key: string): boolean {
    return this.#store.run("DELETE FROM sessions WHERE session_key = ?", key) > 0;
  }

  append(session: SessionRecord, entry: NewMessage, at: number): TranscriptMessage {
    const seq = session.lastSeq + 1;
    const role = String(entry.message.role);
    this.#store.run(
      `INSERT INTO transcript (session_key, session_id, seq, message_id, run_id, role, message, at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      session.key,
      session.sessionId,
      seq,
      entry.id,
      entry.runId ?? null,
      role,
      JSON.stringify(entry.message),
      at,
    );
    const said = textOf(entry.message) !== "" && (role === "user" || role === "assistant");
    this.set(session.key, {
      last_seq: seq,
      updated_at: at,
      ...(role === "user" ? { interaction_at: at } : {}),
      ...(said ? { preview: previewOf(entry.message) } : {}),
      ...(said && role === "assistant" ? { unread_at: at } : {}),
      ...(said && role === "user" && session.title === undefined ? { title: titleOf(entry.message) } : {}),
    });
    const { id, runId } = entry;
    return {
      ...{ id, seq, sessionId: session.sessionId, message: entry.message, at },
      role: role as TranscriptMessage["role"],
      ...(runId === undefined ? {} : { runId }),
    };
  }

  /** Adds to the counters of a session. */
  count(key: string, usage: { input: number; output: number; total: number }): void {
    this.#store.run(
      `UPDATE sessions SET input_tokens = input_tokens + ?, output_tokens = output_tokens + ?, total_tokens = ? WHERE session_key = ?`,
      usage.input,
      usage.output,
      usage.total,
      key,
    );
  }

  messages(session: SessionRecord, options: { after: number; limit: number; offset: number }): TranscriptMessage[] {
    const rows = this.#store.all(
      `SELECT * FROM transcript WHERE session_key = ? AND session_id = ? AND archive IS NULL AND seq > ?
       ORDER BY seq DESC LIMIT ? OFFSET ?`,
      session.key,
      session.sessionId,
      options.after,
      options.limit,
      options.offset,
    );
    return rows.reverse().map(toMessage);
  }

  total(session: SessionRecord): number {
    const row = this.#store.one(
      "SELECT count(*) AS n FROM transcript WHERE session_key = ? AND session_id = ? AND archive IS NULL",
      session.key,
      session.sessionId,
    );
    return Number(row?.n ?? 0);
  }

  message(key: string, id: string): TranscriptMessage | undefined {
    const row = this.#store.one("SELECT * FROM transcript WHERE message_id = ? AND session_key = ?", id, key);
    return row && toMessage(row);
  }

  /** Puts every message up to `seq` aside. @returns how many */
  archive(session: SessionRecord, upTo: number, name: string, reason: string, at: number): number {
    const { key, sessionId } = session;
    const moved = this.#store.run(
      "UPDATE transcript SET archive = ? WHERE session_key = ? AND session_id = ? AND archive IS NULL AND seq <= ?",
      name,
      key,
      sessionId,
      upTo,
    );
    if (moved === 0) return 0;
    this.#store.run(
      "INSERT INTO session_archives (name, session_key, session_id, reason, messages, at) VALUES (?, ?, ?, ?, ?, ?)",
      ...[name, key, sessionId, reason],
      moved,
      at,
    );
    return moved;
  }

  /** @returns how many archives were dropped */
  prune(before: number): number {
    this.#store.run("DELETE FROM transcript WHERE archive IN (SELECT name FROM session_archives WHERE at < ?)", before);
    return this.#store.run("DELETE FROM session_archives WHERE at < ?", before);
  }

  /** Sessions that were made for one call and that nobody named or pinned. @returns how many were dropped */
  dropPassing(before: number): number {
    const passing = `SELECT session_key FROM sessions WHERE updated_at < ? AND label IS NULL AND pinned_at IS NULL
      AND (session_key LIKE 'agent:%:openai:%' OR session_key LIKE 'agent:%:hook:%')`;
    this.#store.run(`DELETE FROM transcript WHERE session_key IN (${passing})`, before);
    return this.#store.run(`DELETE FROM sessions WHERE session_key IN (${passing})`, before);
  }

  matching(where: string, parameters: readonly (string | number)[], tail: string): SessionRecord[] {
    return this.#store.all(`SELECT * FROM sessions ${where} ${tail}`, ...parameters).map(toSession);
  }

  countOf(where: string, parameters: readonly (string | number)[]): number {
    return Number((this.#store.one(`SELECT count(*) AS n FROM sessions ${where}`, ...parameters) as Row).n);
  }

  /** Sessions whose run did not end; a hub that starts has none. */
  endRuns(): void {
    this.#store.run("UPDATE sessions SET run_status = 'failed' WHERE run_status = 'running'");
  }

  setRun(key: string, run: { runId: string; status: RunStatus; error?: string | undefined }): void {
    this.set(key, { run_id: run.runId, run_status: run.status, run_error: run.error ?? null });
  }
}

/** What the rest of the key says: channels name their groups so. */
function kindOf(rest: string): SessionKind {
  if (rest === "global" || rest === "unknown") return rest;
  return /(^|:)(group|channel):/.test(rest) ? "group" : "direct";
}
