import type { Clock, Random, Unit } from "@barnacle/protocol/runtime";
import type { BeadRecord, BeadsService } from "../services.ts";
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
  readonly beads: BeadsService;
}

/** By this label work of the household is told from other work. */
const LABEL = "household";
const WHO = "voice";
const TITLE_LENGTH = 500;

/**
 * The household's lists, kept on disk. Tasks are beads: whoever asks what is to do is told of them too. What is to be
 * bought, and what one wants to be reminded of, are lists of this folder.
 */
export class Tasks implements Unit {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #beads: BeadsService;

  constructor(options: TasksOptions) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#beads = options.beads;
  }

  /** Tasks of a version before beads become beads, once and all in one transaction. */
  async start(): Promise<void> {
    const rows = this.#store.all("SELECT * FROM tasks WHERE list = 'tasks' ORDER BY seq");
    if (rows.length === 0) return;
    const beads = await this.#beads.open();
    await beads.write(WHO, (writer) => {
      for (const row of rows) {
        const { text, turnId, createdAt } = fromRow(row);
        writer.create({ ...newBead(text, turnId), created_at: new Date(createdAt).toISOString() });
        this.#store.run("DELETE FROM tasks WHERE seq = ?", Number(row.seq));
      }
    });
  }

  async stop(): Promise<void> {}

  /** Resolves when it is on disk; a second call for the same turn gives the task of the first. */
  async add(task: { list: TaskList; text: string; due?: string; turnId: string }): Promise<Task> {
    if (task.list === "tasks") {
      const beads = await this.#beads.open();
      return fromBead(await beads.write(WHO, (writer) => writer.create(newBead(task.text, task.turnId))));
    }
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

  /** Oldest first; all lists when none is named. Of tasks those that are not done. */
  async list(list?: TaskList, limit = 200): Promise<readonly Task[]> {
    const tasks = list === undefined || list === "tasks" ? await this.#tasks() : [];
    const rows =
      list === undefined
        ? this.#store.all("SELECT * FROM tasks ORDER BY seq LIMIT ?", limit)
        : this.#store.all("SELECT * FROM tasks WHERE list = ? ORDER BY seq LIMIT ?", list, limit);
    const all = [...tasks, ...rows.map(fromRow)];
    return (tasks.length === 0 ? all : all.sort((a, b) => a.createdAt - b.createdAt)).slice(0, limit);
  }

  async #tasks(): Promise<Task[]> {
    const beads = await this.#beads.open();
    return beads.reads.list({ labels: [LABEL], sortBy: "file", limit: 0 }).map(fromBead);
  }
}

function newBead(text: string, turnId: string) {
  const title = text.length <= TITLE_LENGTH ? text : `${text.slice(0, TITLE_LENGTH - 1)}…`;
  return { title, labels: [LABEL], key: `turn:${turnId}`, metadata: { turn: turnId } };
}

function fromBead({ id, title, created_at, metadata }: BeadRecord): Task {
  const turnId = String((metadata as { turn?: unknown } | undefined)?.turn ?? "");
  return { id, list: "tasks", text: title, createdAt: Date.parse(created_at), turnId };
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
