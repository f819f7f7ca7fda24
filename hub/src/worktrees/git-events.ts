import type { Sql, WritableSql } from "../beads/index.ts";
import type { GitHook } from "../rigs/index.ts";

/** What git did in a worktree, as its hooks told. */
export interface GitEvent {
  readonly seq: number;
  /** RFC 3339. */
  readonly at: string;
  readonly rig: string;
  /** Undefined: in a directory that belongs to no agent. */
  readonly agent?: string;
  readonly hook: GitHook;
  /** Depends on the hook: `branch`, `commit`, `subject`, `from`, `to`, `refs`, `passed`. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface GitEventQuery {
  readonly rig?: string | undefined;
  readonly agent?: string | undefined;
  /** Only later ones. */
  readonly after?: number | undefined;
  readonly limit?: number | undefined;
}

const KEPT = 10_000;
const SHOWN = 100;

export function addGitEvent(sql: WritableSql, event: Omit<GitEvent, "seq" | "at"> & { readonly at: number }): void {
  const { at, rig, agent, hook, body } = event;
  sql.run(
    "INSERT INTO git_events (at, rig, agent, hook, body) VALUES (?, ?, ?, ?, ?)",
    ...[at, rig, agent ?? null, hook, JSON.stringify(body)],
  );
  sql.run("DELETE FROM git_events WHERE seq <= (SELECT max(seq) FROM git_events) - ?", KEPT);
}

/** The newest, in their order. */
export function gitEvents(sql: Sql, { rig, agent, after = 0, limit = SHOWN }: GitEventQuery): GitEvent[] {
  const where = ["seq > ?", ...(rig === undefined ? [] : ["rig = ?"]), ...(agent === undefined ? [] : ["agent = ?"])];
  const values = [after, ...(rig === undefined ? [] : [rig]), ...(agent === undefined ? [] : [agent])];
  return sql
    .all(
      `SELECT * FROM git_events WHERE ${where.join(" AND ")} ORDER BY seq DESC LIMIT ?`,
      ...values,
      limit === 0 ? -1 : limit,
    )
    .reverse()
    .map((row) => ({
      ...{ seq: Number(row.seq), at: new Date(Number(row.at)).toISOString(), rig: String(row.rig) },
      ...(row.agent === null ? {} : { agent: String(row.agent) }),
      ...{ hook: String(row.hook) as GitHook, body: JSON.parse(String(row.body)) },
    }));
}
