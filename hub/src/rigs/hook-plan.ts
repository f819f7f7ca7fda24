import type { Sql } from "../beads/sql.ts";
import { HOOK_DEFAULTS } from "./hook-names.ts";

/** What the git hooks of a directory have to do. */
export interface HookPlan {
  readonly rig: string;
  /** Null where a directory of the rig belongs to no agent. */
  readonly agent: string | null;
  readonly bead: string | null;
  readonly hooks: {
    readonly enabled: boolean;
    readonly pre_commit: string;
    readonly pre_push: string;
    readonly bead_trailer: boolean;
    readonly user_path: string;
  };
}

/**
 * Null where a directory belongs to no rig. Git waits for this with every commit, so it stands alone: a handful of modules
 * is loaded for it.
 */
export function hookPlan(sql: Sql, directory: string): HookPlan | null {
  const below = (place: unknown) => directory === place || directory.startsWith(`${place}/`);
  const row = sql.all("SELECT agent, rig, bead, path FROM worktrees").find((one) => below(one.path));
  const rig = sql
    .all("SELECT rigs.name, settings, path FROM rigs JOIN workspaces ON workspaces.name = rigs.workspace")
    .find((one) => (row ? one.name === row.rig : below(`${one.path}/${one.name}`)));
  if (!rig) return null;
  const set = JSON.parse(String(rig.settings));
  const hooks = Object.entries(HOOK_DEFAULTS).map(([name, value]) => [name, set[`hooks.${name}`] ?? value]);
  const bead = typeof row?.bead === "string" ? row.bead : null;
  return { rig: String(rig.name), agent: row ? String(row.agent) : null, bead, hooks: Object.fromEntries(hooks) };
}
