import type { Sql, WritableSql } from "../beads/index.ts";

export type RoleName = "mayor" | "witness" | "refinery" | "supervisor";

export interface Wish {
  readonly role: RoleName;
  /** A rig, a workspace, or `*`: everywhere that nothing else is said of. */
  readonly scope: string;
  readonly wanted: "running" | "stopped";
  readonly who: string;
  readonly at: number;
}

export const EVERYWHERE = "*";

/** Which roles are wanted to run, and where: kept over restarts. Whatever nothing is said of runs. */
export class RoleWishes {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  wanted(role: RoleName, scope: string): boolean {
    return this.find(role, scope)?.wanted !== "stopped";
  }

  /** What was said last of this scope, else of all. */
  find(role: RoleName, scope: string): Wish | undefined {
    const row =
      this.#sql.one("SELECT * FROM role_wishes WHERE role = ? AND scope = ?", role, scope) ??
      this.#sql.one("SELECT * FROM role_wishes WHERE role = ? AND scope = ?", role, EVERYWHERE);
    if (!row) return undefined;
    return {
      ...{ role, scope: String(row.scope), who: String(row.who), at: Number(row.at) },
      wanted: row.wanted === "stopped" ? "stopped" : "running",
    };
  }

  /** Said of everywhere, it takes back what was said of single places. */
  say(role: RoleName, scope: string, wanted: "running" | "stopped", who: string, at: number): void {
    const sql = this.#sql as WritableSql;
    if (scope === EVERYWHERE) sql.run("DELETE FROM role_wishes WHERE role = ?", role);
    sql.run(
      `INSERT INTO role_wishes (role, scope, wanted, who, at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (role, scope) DO UPDATE SET wanted = excluded.wanted, who = excluded.who, at = excluded.at`,
      ...[role, scope, wanted, who, at],
    );
  }
}
