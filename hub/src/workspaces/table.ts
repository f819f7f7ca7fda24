import type { Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";

export interface Workspace {
  readonly name: string;
  readonly path: string;
  /** RFC 3339. */
  readonly created_at: string;
  readonly created_by: string;
}

export function listWorkspaces(sql: Sql): Workspace[] {
  return sql.all("SELECT * FROM workspaces ORDER BY name").map(workspaceOf);
}

export function findWorkspace(sql: Sql, name: string): Workspace | undefined {
  const row = sql.one("SELECT * FROM workspaces WHERE name = ?", name);
  return row && workspaceOf(row);
}

/** The workspace around a directory. */
export function workspaceAt(sql: Sql, directory: string): Workspace | undefined {
  return listWorkspaces(sql).find(({ path }) => directory === path || directory.startsWith(`${path}/`));
}

function workspaceOf(row: Row): Workspace {
  return {
    name: String(row.name),
    path: String(row.path),
    created_at: new Date(Number(row.created_at)).toISOString(),
    created_by: String(row.created_by),
  };
}
