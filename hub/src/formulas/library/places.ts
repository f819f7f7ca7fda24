import path from "node:path";
import type { Sql } from "../../beads/sql.ts";

/** Where formulas lie, the first that has one wins. */
export interface FormulaPlace {
  readonly place: "rig" | "workspace" | "user" | "builtin";
  readonly dir: string;
}

export interface FormulaPlaces {
  readonly formulas: readonly FormulaPlace[];
  /** Directories of overlays; the first that has one for a formula is taken alone. */
  readonly overlays: readonly string[];
}

const BUILTIN = path.join(import.meta.dirname, "../builtin");

/**
 * `formulas` (or `.beads/formulas`) of the rig, of its workspace (of all workspaces, where no rig is meant), and of the
 * state directory; then our own.
 * @throws NOT_FOUND when there is no such rig
 */
export function placesOf(sql: Sql, stateDir: string, rig?: string): FormulaPlaces {
  const workspaces = hasRigs(sql) ? dirsOf(sql, rig) : [];
  const places: FormulaPlace[] = [];
  const overlays: string[] = [];
  const add = (place: FormulaPlace["place"], dir: string) => {
    places.push({ place, dir: path.join(dir, "formulas") }, { place, dir: path.join(dir, ".beads/formulas") });
    overlays.push(path.join(dir, "formula-overlays"), path.join(dir, ".beads/formula-overlays"));
  };
  for (const { dir, workspace } of workspaces) {
    if (dir !== undefined) add("rig", dir);
    add("workspace", workspace);
  }
  places.push({ place: "user", dir: path.join(stateDir, "formulas") }, { place: "builtin", dir: BUILTIN });
  return { formulas: places, overlays };
}

function hasRigs(sql: Sql): boolean {
  return sql.one("SELECT 1 AS found FROM sqlite_schema WHERE type = 'table' AND name = 'rigs'") !== undefined;
}

function dirsOf(sql: Sql, rig: string | undefined): { readonly dir?: string; readonly workspace: string }[] {
  if (rig === undefined) {
    return sql.all("SELECT path FROM workspaces ORDER BY name").map((row) => ({ workspace: String(row.path) }));
  }
  const row = sql.one("SELECT w.path FROM rigs r JOIN workspaces w ON w.name = r.workspace WHERE r.name = ?", rig);
  return row ? [{ dir: path.join(String(row.path), rig), workspace: String(row.path) }] : [];
}
