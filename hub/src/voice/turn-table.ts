import type { TurnRecord } from "../services.ts";
import type { Row, Store } from "../store/index.ts";
import type { Plan } from "./plan.ts";

/** A turn as it lies in the database. */
export interface StoredTurn {
  readonly turn: TurnRecord;
  /** When the hub got it, by the hub's clock. */
  readonly receivedAt: number;
  readonly plan: Plan | undefined;
}

/** The table of turns. */
export class TurnTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Inside the caller's transaction. */
  insert(turn: TurnRecord, receivedAt: number): void {
    this.#store.run(
      "INSERT INTO turns (turn_id, device_id, started_at, received_at, status, body) VALUES (?, ?, ?, ?, ?, ?)",
      turn.turnId,
      turn.deviceId ?? null,
      turn.startedAt,
      receivedAt,
      turn.status,
      JSON.stringify(turn),
    );
  }

  /** Resolves when it is on disk. A plan once stored stays. */
  async save(turn: TurnRecord, plan?: Plan): Promise<void> {
    await this.#store.commit(() =>
      this.#store.run(
        "UPDATE turns SET status = ?, body = ?, plan = coalesce(plan, ?) WHERE turn_id = ?",
        turn.status,
        JSON.stringify(turn),
        plan ? JSON.stringify(plan) : null,
        turn.turnId,
      ),
    );
  }

  get(turnId: string): StoredTurn | undefined {
    const row = this.#store.one("SELECT * FROM turns WHERE turn_id = ?", turnId);
    return row && fromRow(row);
  }

  /** Latest first. */
  list(limit: number, before: number): TurnRecord[] {
    return this.#store
      .all("SELECT * FROM turns WHERE started_at < ? ORDER BY started_at DESC, turn_id DESC LIMIT ?", before, limit)
      .map((row) => fromRow(row).turn);
  }

  /** Those that were never finished, and those finished since `since`. Oldest first. */
  open(since: number): StoredTurn[] {
    return this.#store
      .all(
        "SELECT * FROM turns WHERE status IN ('received', 'answering') OR (status = 'done' AND received_at >= ?) ORDER BY received_at",
        since,
      )
      .map(fromRow);
  }
}

function fromRow(row: Row): StoredTurn {
  return {
    turn: JSON.parse(String(row.body)) as TurnRecord,
    receivedAt: Number(row.received_at),
    plan: row.plan === null ? undefined : (JSON.parse(String(row.plan)) as Plan),
  };
}
