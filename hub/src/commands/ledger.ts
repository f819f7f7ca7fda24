import type { CommandLedger, LedgerEntry } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

const COLUMNS = "command_id, device_id, command, status, error, principal, turn_id, started_at, finished_at";

const ALL: readonly LedgerEntry["status"][] = ["running", "done", "failed", "unknown"];

/** Reads the commands' journal for operators. */
export class JournalLedger implements CommandLedger {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  list({ statuses, limit, before }: Parameters<CommandLedger["list"]>[0]): readonly LedgerEntry[] {
    const at = before?.startedAt ?? Number.MAX_SAFE_INTEGER;
    return this.#store
      .all(
        `SELECT ${COLUMNS} FROM commands WHERE (started_at, command_id) < (?, ?)
           AND status IN (SELECT value FROM json_each(?)) ORDER BY started_at DESC, command_id DESC LIMIT ?`,
        at,
        before?.commandId ?? "",
        JSON.stringify(statuses ?? ALL),
        limit,
      )
      .map(entryOf);
  }

  entry(commandId: string): LedgerEntry | undefined {
    const row = this.#store.one(`SELECT ${COLUMNS} FROM commands WHERE command_id = ?`, commandId);
    return row && entryOf(row);
  }
}

function entryOf(row: Row): LedgerEntry {
  const error =
    typeof row.error === "string" ? (JSON.parse(row.error) as { code?: string; message?: string }) : undefined;
  return {
    commandId: String(row.command_id),
    deviceId: String(row.device_id),
    command: String(row.command),
    status: row.status as LedgerEntry["status"],
    ...(error ? { errorMessage: `${error.code ?? "INTERNAL"}: ${error.message ?? ""}` } : {}),
    principal: String(row.principal),
    ...(row.turn_id === null ? {} : { turnId: String(row.turn_id) }),
    startedAt: Number(row.started_at),
    ...(row.finished_at === null ? {} : { finishedAt: Number(row.finished_at) }),
  };
}
