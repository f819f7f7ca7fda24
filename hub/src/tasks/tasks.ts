import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { Row, Store } from "../store/index.ts";

export type TaskList = "tasks" | "reminders" | "shopping";

/** Something to do or to buy. */
export interface Task {
  readonly id: string;
  readonly list: TaskList;
  readonly text: string;
  /** When, in the words it was said in: "tomorrow morning". */
  readonly due?: string;
  readonly createdAt: number;
  readonly turnId: string;
}

export interface TasksOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** The household's lists, kept on disk. */
export class Tasks {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(options: TasksOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
  }

  /** Resolves when it is on disk; a second call for the same turn gives the task of the first. */
  async add(task: { list: TaskList; text: string; due?: string; turnId: string }): Promise<Task> {
    return this.#store.commit(() => {
      this.#store.run(
        "INSERT INTO tasks (task_id, turn_id, list, text, due, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (turn_id) DO NOTHING",
        this.#random.uuid(),
        task.turnId,
        task.list,
        task.text,
        task.due ?? null,
        this.#clock.now(),
      );
      return fromRow(this.#store.one("SELECT * FROM tasks WHERE turn_id = ?", task.turnId) as Row);
    });
  }

  /** Oldest first; all lists when none is named. */
  async list(list?: TaskList, limit = 200): Promise<readonly Task[]> {
    const rows =
      list === undefined
        ? this.#store.all("SELECT * FROM tasks ORDER BY seq LIMIT ?", limit)
        : this.#store.all("SELECT * FROM tasks WHERE list = ? ORDER BY seq LIMIT ?", list, limit);
    return rows.map(fromRow);
  }
}

function fromRow(row: Row): Task {
  return {
    id: String(row.task_id),
    list: String(row.list) as TaskList,
    text: String(row.text),
    ...(row.due === null ? {} : { due: String(row.due) }),
    createdAt: Number(row.created_at),
    turnId: String(row.turn_id),
  };
}
