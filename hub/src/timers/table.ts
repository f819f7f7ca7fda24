import type { Row, Store } from "../store/index.ts";

export interface Timer {
  readonly id: string;
  readonly turnId: string;
  /** The node that set it; it is the first to be told. */
  readonly deviceId?: string;
  readonly room?: string;
  readonly durationMs: number;
  /** Wall clock. */
  readonly dueAt: number;
}

const RUNNING = "SELECT * FROM timers WHERE status = 'running' ORDER BY due_at, timer_id";

/** The table of timers. */
export class TimerTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  running(): Timer[] {
    return this.#store.all(RUNNING).map(fromRow);
  }

  /** Keeps the first timer of a turn. */
  async insert(timer: Timer, createdAt: number): Promise<Timer> {
    return this.#store.commit(() => {
      this.#store.run(
        "INSERT INTO timers (timer_id, turn_id, device_id, room, duration_ms, due_at, created_at, status) VALUES (?, ?, ?, ?, ?, ?, ?, 'running') ON CONFLICT (turn_id) DO NOTHING",
        timer.id,
        timer.turnId,
        timer.deviceId ?? null,
        timer.room ?? null,
        timer.durationMs,
        timer.dueAt,
        createdAt,
      );
      return fromRow(this.#store.one("SELECT * FROM timers WHERE turn_id = ?", timer.turnId) as Row);
    });
  }

  async finish(id: string, status: "done" | "missed", note: string): Promise<void> {
    await this.#store.commit(() =>
      this.#store.run(
        "UPDATE timers SET status = ?, note = ? WHERE timer_id = ? AND status = 'running'",
        status,
        note,
        id,
      ),
    );
  }

  /** Cancels the running ones that `test` accepts. A turn that already cancelled some gets those again. */
  async cancel(turnId: string, test: (timer: Timer) => boolean): Promise<readonly Timer[]> {
    return this.#store.commit(() => {
      const before = this.#store.all("SELECT * FROM timers WHERE cancelled_by = ?", turnId);
      if (before.length > 0) return before.map(fromRow);
      const chosen = this.running().filter(test);
      for (const timer of chosen) {
        this.#store.run(
          "UPDATE timers SET status = 'cancelled', cancelled_by = ? WHERE timer_id = ?",
          turnId,
          timer.id,
        );
      }
      return chosen;
    });
  }
}

function fromRow(row: Row): Timer {
  return {
    id: String(row.timer_id),
    turnId: String(row.turn_id),
    ...(row.device_id === null ? {} : { deviceId: String(row.device_id) }),
    ...(row.room === null ? {} : { room: String(row.room) }),
    durationMs: Number(row.duration_ms),
    dueAt: Number(row.due_at),
  };
}
