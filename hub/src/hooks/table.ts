import type { WritableSql } from "../beads/index.ts";
import type { HookEnd, HookOptions } from "./record.ts";

export interface NewHook {
  readonly bead: string;
  readonly agent: string;
  readonly convoy?: string | undefined;
  readonly options: HookOptions;
}

/** The only writer of `hooks` and `hook_ends`. */
export const HookTable = {
  hang(sql: WritableSql, { bead, agent, convoy, options }: NewHook, who: string, now: number): void {
    sql.run("DELETE FROM hooks WHERE bead = ?", bead);
    sql.run(
      "INSERT INTO hooks (bead, address, hooked_at, hooked_by, convoy, options) VALUES (?, ?, ?, ?, ?, ?)",
      ...[bead, agent, now, who, convoy ?? null, JSON.stringify(options)],
    );
  },

  /** Takes it off, saying what became of it. @returns whether it hung there */
  end(sql: WritableSql, { bead, agent, at, exit, summary, branch, commit, mergeRequest }: HookEnd): boolean {
    const hung = sql.run("DELETE FROM hooks WHERE bead = ?", bead) > 0;
    sql.run(
      `INSERT INTO hook_ends (bead, address, at, exit, summary, branch, commit_sha, merge_request)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[bead, agent, at, exit, summary ?? null, branch ?? null, commit ?? null, mergeRequest ?? null],
    );
    return hung;
  },

  drop(sql: WritableSql, bead: string): void {
    sql.run("DELETE FROM hooks WHERE bead = ?", bead);
  },
};
