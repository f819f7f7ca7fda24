import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { GateResult } from "./gates.ts";
import type { PlannedMerge, Run } from "./journal.ts";

/** That something was merged, and on what grounds. Never deleted. */
export interface MergeRecord extends PlannedMerge {
  readonly seq: number;
  readonly run: number;
  readonly kind: "merge" | "land";
  readonly rig: string;
  readonly target: string;
  /** The commit that the gates ran on: the last of its batch. */
  readonly tested: string;
  readonly gates: readonly GateResult[];
  /** What the gates wrote. */
  readonly log?: string;
  readonly at: number;
  readonly who: string;
  /** The commit that took it back. */
  readonly rolledBack?: string;
  readonly rolledBackAt?: number;
  readonly rolledBackBy?: string;
}

export class Evidence {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  add(run: Run, merge: PlannedMerge, gates: readonly GateResult[], now: number): void {
    const { request = null, source = null, worker = null, branch, commit, base, merged, commits } = merge;
    (this.#sql as WritableSql).run(
      `INSERT INTO merges (run, kind, request, rig, target, branch, source, worker, commit_sha, base, merge_commit, tested,
         commits, gates, log, at, who) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[run.run, run.kind, request, run.rig, run.target, branch, source, worker, commit, base, merged],
      ...[run.tip ?? merged, JSON.stringify(commits), JSON.stringify(gates), run.log ?? null, now, run.who],
    );
  }

  rolledBack(seq: number, by: string, commit: string, now: number): void {
    (this.#sql as WritableSql).run(
      "UPDATE merges SET rolled_back = ?, rolled_back_at = ?, rolled_back_by = ? WHERE seq = ?",
      ...[commit, now, by, seq],
    );
  }

  /** The latest merge of a request, a source bead, or a commit (its beginning will do). @throws NOT_FOUND */
  find(what: string): MergeRecord {
    const commit = /^[0-9a-f]{7,64}$/.test(what) ? what : undefined;
    const row = this.#sql.one(
      `SELECT * FROM merges WHERE request = ? OR source = ? ${commit ? "OR merge_commit GLOB ?" : ""} ORDER BY seq DESC LIMIT 1`,
      ...[what, what, ...(commit ? [`${commit}*`] : [])],
    );
    if (row) return recordOf(row);
    throw new BarnacleError("NOT_FOUND", `nothing was merged for ${what.slice(0, 80)}`, {
      hint: "List merges with `barnacle mq list --merged`.",
    });
  }

  get(seq: number): MergeRecord | undefined {
    const row = this.#sql.one("SELECT * FROM merges WHERE seq = ?", seq);
    return row && recordOf(row);
  }

  /** The latest first; 0: all. */
  list(rig: string | undefined, limit: number): MergeRecord[] {
    const where = rig === undefined ? "" : "WHERE rig = ?";
    return this.#sql
      .all(`SELECT * FROM merges ${where} ORDER BY seq DESC LIMIT ?`, ...(rig === undefined ? [] : [rig]), limit || -1)
      .map(recordOf);
  }
}

function recordOf(row: Row): MergeRecord {
  const text = (column: string, name = column) => (row[column] === null ? {} : { [name]: String(row[column]) });
  return {
    ...{ seq: Number(row.seq), run: Number(row.run), kind: row.kind, rig: String(row.rig), target: String(row.target) },
    ...{ ...text("request"), branch: String(row.branch), ...text("source"), ...text("worker") },
    ...{ commit: String(row.commit_sha), base: String(row.base), merged: String(row.merge_commit) },
    ...{ tested: String(row.tested), commits: JSON.parse(String(row.commits)), gates: JSON.parse(String(row.gates)) },
    ...{ ...text("log"), at: Number(row.at), who: String(row.who), ...text("rolled_back", "rolledBack") },
    ...(row.rolled_back_at === null ? {} : { rolledBackAt: Number(row.rolled_back_at) }),
    ...text("rolled_back_by", "rolledBackBy"),
  } as MergeRecord;
}
