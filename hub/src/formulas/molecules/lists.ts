import type { TownReading } from "../../town/operations.ts";
import { rootPart } from "./part.ts";
import { beadsBelow, type MoleculeView, progressOf } from "./progress.ts";

export interface MoleculesQuery {
  /** Default `open`. */
  readonly state?: "open" | "closed" | "all";
  readonly kind?: "molecule" | "wisp";
  readonly formula?: string;
  /** Only those with a step that can be started, whose gate is closed, and that nobody has. */
  readonly gated?: boolean;
  /** Only those in which nothing happened for so long. */
  readonly staleMs?: number;
  readonly limit?: number;
}

export type MoleculeRow = Omit<MoleculeView, "steps" | "gates"> & {
  readonly last_activity: string;
  /** Steps that can be started, as far as they are beads. */
  readonly ready: readonly string[];
};

const SHOWN = 50;

/** The latest first. */
export function moleculesOf({ sql, reads, now }: TownReading, query: MoleculesQuery): MoleculeRow[] {
  const { state = "open", kind, formula, gated = false, staleMs, limit = SHOWN } = query;
  const rows: MoleculeRow[] = [];
  const list = reads.list({ type: "molecule", all: state !== "open", limit: 0, sortBy: "created" });
  for (const root of list) {
    const part = rootPart(root);
    if (!part || root.status === "tombstone" || root.is_template) continue;
    if (state === "closed" && root.status !== "closed") continue;
    if (kind !== undefined && (kind === "wisp") !== (root.ephemeral === true)) continue;
    if (formula !== undefined && root.source_formula !== formula) continue;
    const { steps, gates: _, ...view } = progressOf(sql, reads, root.id);
    const below = beadsBelow(sql, root.id);
    const ready = steps.filter((step) => step.state === "ready");
    if (gated) {
      const closed = new Set(
        below.filter((bead) => bead.issue_type === "gate" && bead.status === "closed").map(({ id }) => id),
      );
      const freed = ready.some(
        ({ id, needs = [], assignee }) => id !== undefined && !assignee && needs.some((need) => closed.has(need)),
      );
      if (!freed || root.assignee) continue;
    }
    const last_activity =
      [root, ...below]
        .map(({ updated_at }) => updated_at)
        .sort()
        .at(-1) ?? root.updated_at;
    if (staleMs !== undefined && now() - Date.parse(last_activity) < staleMs) continue;
    rows.push({ ...view, last_activity, ready: ready.flatMap(({ id }) => id ?? []) });
    if (limit > 0 && rows.length === limit) break;
  }
  return rows;
}
