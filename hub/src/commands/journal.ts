import { hash } from "node:crypto";
import { BarnacleError, type ErrorShape } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { canonicalJson } from "../audit/index.ts";
import type { Row, Store } from "../store/index.ts";

export interface JournalRow {
  readonly commandId: string;
  readonly deviceId: string;
  readonly idempotencyKey: string;
  readonly command: string;
  readonly paramsDigest: string;
  readonly status: "running" | "done" | "failed" | "unknown";
  readonly payload?: JsonObject;
  readonly error?: ErrorShape;
  readonly principal: string;
  readonly turnId?: string;
  readonly rule: string;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly durationMs?: number;
}

export type Beginning = Pick<
  JournalRow,
  | "commandId"
  | "deviceId"
  | "idempotencyKey"
  | "command"
  | "paramsDigest"
  | "principal"
  | "turnId"
  | "rule"
  | "startedAt"
>;

export interface Ending {
  readonly status: "done" | "failed" | "unknown";
  readonly payload?: JsonObject;
  readonly error?: ErrorShape;
  readonly finishedAt: number;
  readonly durationMs: number;
}

/** Every command that was sent, by device and idempotency key. The methods run within the caller's transaction. */
export class CommandJournal {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  find(deviceId: string, idempotencyKey: string): JournalRow | undefined {
    const row = this.#store.one(
      "SELECT * FROM commands WHERE device_id = ? AND idempotency_key = ?",
      deviceId,
      idempotencyKey,
    );
    return row && journalRow(row);
  }

  byId(commandId: string): JournalRow | undefined {
    const row = this.#store.one("SELECT * FROM commands WHERE command_id = ?", commandId);
    return row && journalRow(row);
  }

  /** On which device a key was used last. */
  sentTo(idempotencyKey: string): string | undefined {
    const row = this.#store.one(
      "SELECT device_id FROM commands WHERE idempotency_key = ? ORDER BY started_at DESC, rowid DESC LIMIT 1",
      idempotencyKey,
    );
    return row && String(row.device_id);
  }

  /** Notes that a new command is about to be sent. */
  begin(beginning: Beginning): JournalRow {
    this.#insert(beginning);
    return { ...beginning, status: "running" };
  }

  /** Notes that the device of a command of unknown outcome is about to be asked, by the same command under its old id and key. */
  resume(row: JournalRow): JournalRow {
    this.#store.run("UPDATE commands SET status = 'running' WHERE command_id = ?", row.commandId);
    return { ...row, status: "running" };
  }

  settle(commandId: string, ending: Ending): void {
    this.#store.run(
      "UPDATE commands SET status = ?, payload = ?, error = ?, finished_at = ?, duration_ms = ? WHERE command_id = ?",
      ending.status,
      ending.payload ? JSON.stringify(ending.payload) : null,
      ending.error ? JSON.stringify(ending.error) : null,
      ending.finishedAt,
      ending.durationMs,
      commandId,
    );
  }

  /** What was running when the hub ended has an unknown outcome, until its key is used again or its result comes late. */
  abandonRunning(): number {
    return this.#store.run("UPDATE commands SET status = 'unknown' WHERE status = 'running'");
  }

  prune(beforeMs: number): number {
    return this.#store.run("DELETE FROM commands WHERE started_at < ? AND status <> 'running'", beforeMs);
  }

  #insert(beginning: Beginning): void {
    this.#store.run(
      `INSERT INTO commands (command_id, device_id, idempotency_key, command, params_digest, status, principal, turn_id,
         rule, started_at) VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?, ?)`,
      beginning.commandId,
      beginning.deviceId,
      beginning.idempotencyKey,
      beginning.command,
      beginning.paramsDigest,
      beginning.principal,
      beginning.turnId ?? null,
      beginning.rule,
      beginning.startedAt,
    );
  }
}

/** Equal for equal commands with equal parameters, whatever the order of members. */
export function digestOf(command: string, params: JsonObject): string {
  return hash("sha256", canonicalJson({ command, params }));
}

export function keyConflict(idempotencyKey: string, command: string): BarnacleError {
  return new BarnacleError("CONFLICT", `the idempotency key ${idempotencyKey} was used for another ${command}`, {
    hint: "Use a new key for a new command.",
  });
}

function journalRow(row: Row): JournalRow {
  return {
    commandId: String(row.command_id),
    deviceId: String(row.device_id),
    idempotencyKey: String(row.idempotency_key),
    command: String(row.command),
    paramsDigest: String(row.params_digest),
    status: row.status as JournalRow["status"],
    payload: typeof row.payload === "string" ? JSON.parse(row.payload) : undefined,
    error: typeof row.error === "string" ? JSON.parse(row.error) : undefined,
    principal: String(row.principal),
    turnId: row.turn_id === null ? undefined : String(row.turn_id),
    rule: String(row.rule),
    startedAt: Number(row.started_at),
    finishedAt: row.finished_at === null ? undefined : Number(row.finished_at),
    durationMs: row.duration_ms === null ? undefined : Number(row.duration_ms),
  };
}
