import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { GateResult } from "./gates.ts";

export type RunKind = "merge" | "rollback" | "land";
export type RunStage = "queued" | "testing" | "pushing" | "recorded" | "done";
/** `overtaken`: somebody else pushed first, it starts over; `interrupted`: its process ended; `held`: by a stop. */
export type RunOutcome = "merged" | "nothing" | "red" | "conflict" | "overtaken" | "interrupted" | "held" | "failed";

/** What a run is about to push, written down before it does. */
export interface Plan {
  readonly merges: readonly PlannedMerge[];
  readonly gates: readonly GateResult[];
}

export interface PlannedMerge {
  readonly request?: string;
  readonly branch: string;
  readonly source?: string;
  readonly worker?: string;
  readonly commit: string;
  /** What it stands on. */
  readonly base: string;
  readonly merged: string;
  readonly commits: readonly { readonly sha: string; readonly subject: string; readonly author: string }[];
}

/** What was asked for: the requests of a merge, the merge to be taken back, the branch to land. */
export interface Ask {
  readonly requests?: readonly string[];
  readonly merge?: number;
  readonly branch?: string;
  readonly epic?: string;
  readonly reason?: string;
  /** Without its gates. */
  readonly force?: boolean;
}

export interface Run {
  readonly run: number;
  readonly rig: string;
  readonly kind: RunKind;
  readonly stage: RunStage;
  readonly who: string;
  readonly target: string;
  readonly ask: Ask;
  readonly base?: string;
  readonly tip?: string;
  readonly plan?: Plan;
  /** The gate that runs: its process group, by its leader's id and start time. */
  readonly gate?: { readonly name: string; readonly pid: number; readonly born: string };
  readonly log?: string;
  readonly outcome?: RunOutcome;
  readonly detail?: string;
  /** Milliseconds since 1970, as the two after it. */
  readonly queuedAt: number;
  readonly startedAt?: number;
  readonly finishedAt?: number;
}

const JSON_COLUMNS = new Set(["plan", "gate"]);
const COLUMNS = {
  ...{ stage: "stage", base: "base", tip: "tip", plan: "plan", gate: "gate", log: "log", outcome: "outcome" },
  ...{ detail: "detail", startedAt: "started_at", finishedAt: "finished_at" },
} as const;
type Changes = { readonly [K in keyof typeof COLUMNS]?: Run[K] | null };

/** What the refinery is at, so that a start after a crash knows what to ask git. */
export class Journal {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  add(run: Pick<Run, "rig" | "kind" | "who" | "target" | "ask">, stage: RunStage, now: number): Run {
    const { rig, kind, who, target, ask } = run;
    this.#write.run(
      `INSERT INTO merge_runs (rig, kind, stage, who, target, ask, queued_at, started_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[rig, kind, stage, who, target, JSON.stringify(ask), now, stage === "queued" ? null : now],
    );
    return this.need(Number(this.#sql.one("SELECT last_insert_rowid() AS run")?.run));
  }

  change(run: number, changes: Changes): Run {
    for (const [name, value] of Object.entries(changes)) {
      const column = COLUMNS[name as keyof typeof COLUMNS];
      const text =
        JSON_COLUMNS.has(column) && value !== null ? JSON.stringify(value) : (value as string | number | null);
      this.#write.run(`UPDATE merge_runs SET ${column} = ? WHERE run = ?`, text ?? null, run);
    }
    return this.need(run);
  }

  /** @throws NOT_FOUND */
  need(run: number): Run {
    const row = this.#sql.one("SELECT * FROM merge_runs WHERE run = ?", run);
    if (row) return runOf(row);
    throw new BarnacleError("NOT_FOUND", `no run of a refinery has the number ${run}`);
  }

  /** Not done, in the order in which they were begun. */
  unfinished(rig: string): Run[] {
    return this.#sql
      .all("SELECT * FROM merge_runs INDEXED BY merge_runs_left WHERE rig = ? AND stage != 'done' ORDER BY run", rig)
      .map(runOf);
  }

  /** The latest first. */
  list(rig: string | undefined, limit: number): Run[] {
    const where = rig === undefined ? "" : "WHERE rig = ?";
    return this.#sql
      .all(`SELECT * FROM merge_runs ${where} ORDER BY run DESC LIMIT ?`, ...(rig === undefined ? [] : [rig]), limit)
      .map(runOf);
  }

  get #write(): WritableSql {
    return this.#sql as WritableSql;
  }
}

function runOf(row: Row): Run {
  const text = (name: string) => (row[name] === null ? {} : { [name]: String(row[name]) });
  const json = (name: string) => (row[name] === null ? {} : { [name]: JSON.parse(String(row[name])) });
  const time = (column: string, name: string) => (row[column] === null ? {} : { [name]: Number(row[column]) });
  return {
    ...{ run: Number(row.run), rig: String(row.rig), kind: row.kind as RunKind, stage: row.stage as RunStage },
    ...{ who: String(row.who), target: String(row.target), ask: JSON.parse(String(row.ask)) },
    ...{ ...text("base"), ...text("tip"), ...json("plan"), ...json("gate"), ...text("log") },
    ...{ ...text("outcome"), ...text("detail"), queuedAt: Number(row.queued_at) },
    ...{ ...time("started_at", "startedAt"), ...time("finished_at", "finishedAt") },
  } as Run;
}
