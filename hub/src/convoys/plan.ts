import type { BeadRecord } from "@barnacle/protocol/beads";
import type { BeadReads, Sql } from "../beads/index.ts";
import type { RigNames } from "./ports.ts";
import { SLINGABLE } from "./readiness.ts";
import { isDone, trackersOf, waitsFor } from "./tracked.ts";

export interface StageError {
  readonly category: "unknown" | "cycle" | "nothing";
  readonly bead_ids: readonly string[];
  readonly message: string;
  readonly suggested_fix: string;
}

export interface StageWarning {
  readonly category: "no-rig" | "parked-rig" | "cross-rig" | "outside-blocker" | "already-tracked" | "closed";
  readonly bead_ids: readonly string[];
  readonly message: string;
  readonly suggested_fix: string;
}

export interface WaveTask {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly rig: string;
  /** Of the same plan, not done. */
  readonly blocked_by: readonly string[];
}

export interface Wave {
  /** 1 can start at once. */
  readonly number: number;
  readonly tasks: readonly WaveTask[];
}

export interface Gated {
  readonly id: string;
  readonly title: string;
  /** What no agent does: gates, decisions, epics, beads outside the plan. */
  readonly gated_by: readonly string[];
}

export interface TreeNode {
  readonly id: string;
  readonly title: string;
  readonly type: string;
  readonly status: string;
  readonly rig: string;
  readonly depth: number;
  readonly slingable: boolean;
}

/** What would be done in which order, and what speaks against it. */
export interface StagePlan {
  /** What a convoy of it tracks. */
  readonly tasks: readonly string[];
  readonly errors: readonly StageError[];
  readonly warnings: readonly StageWarning[];
  readonly waves: readonly Wave[];
  readonly gated: readonly Gated[];
  readonly tree: readonly TreeNode[];
  /** The epic when it is made of one. */
  readonly epic?: BeadRecord;
}

export interface Planning {
  readonly sql: Sql;
  readonly reads: BeadReads;
  readonly rigs?: RigNames | undefined;
  /** Looked at as if it did not track anything: it is staged again. */
  readonly again?: string | undefined;
}

/** Works out the waves of epics and tasks. Changes nothing. */
export function planOf(planning: Planning, parts: readonly string[]): StagePlan {
  const { sql, reads, rigs } = planning;
  const unknown: StageError[] = [];
  const roots = parts.flatMap((part) => {
    try {
      return [reads.get(reads.resolve(part))];
    } catch {
      unknown.push({
        ...{ category: "unknown", bead_ids: [part], message: `no bead has the id ${part}` },
        suggested_fix: "barnacle bead list shows what there is",
      });
      return [];
    }
  });
  const nodes = new Map<string, { bead: BeadRecord; depth: number }>();
  const visit = (bead: BeadRecord, depth: number): void => {
    if (nodes.has(bead.id)) return;
    nodes.set(bead.id, { bead, depth });
    for (const child of reads.children(bead.id)) visit(child, depth + 1);
  };
  for (const root of roots) visit(root, 0);
  const work = [...nodes.values()].filter(({ bead }) => SLINGABLE.includes(bead.issue_type));
  const tasks = new Map(work.filter(({ bead }) => !isDone(bead.status)).map(({ bead }) => [bead.id, bead]));
  const blockers = new Map([...tasks.keys()].map((id) => [id, waitsFor(sql, id)]));
  const { waves, gated, rings } = layered(tasks, blockers);
  const rigOf = (id: string) => rigs?.rigOf(id)?.name ?? "";
  const nothing: StageError[] =
    tasks.size > 0 || unknown.length > 0
      ? []
      : [
          {
            ...{ category: "nothing", bead_ids: parts, message: "none of it is work that is not done" },
            suggested_fix: `name beads of type ${SLINGABLE.join(", ")}, or an epic above some`,
          },
        ];
  const cycles = rings.map((ring): StageError => {
    const message = `they wait for each other: ${ring.join(" → ")}`;
    return { category: "cycle", bead_ids: ring, message, suggested_fix: "barnacle bead dep remove one of them" };
  });
  const task = (id: string): WaveTask => {
    const { title, issue_type } = tasks.get(id) as BeadRecord;
    const blocked_by = (blockers.get(id) ?? []).filter((one) => tasks.has(one));
    return { id, title, type: issue_type, rig: rigOf(id), blocked_by };
  };
  const [root] = roots;
  return {
    tasks: [...tasks.keys()],
    errors: [...unknown, ...nothing, ...cycles],
    warnings: warningsOf(planning, work, tasks, blockers),
    waves: waves.map((ids, i) => ({ number: i + 1, tasks: ids.map(task) })),
    gated: gated.map(({ id, by }) => ({ id, title: tasks.get(id)?.title ?? "", gated_by: by })),
    tree: [...nodes.values()].map(({ bead, depth }) => ({
      ...{ id: bead.id, title: bead.title, type: bead.issue_type, status: bead.status, rig: rigOf(bead.id), depth },
      slingable: tasks.has(bead.id),
    })),
    ...(roots.length === 1 && root?.issue_type === "epic" ? { epic: root } : {}),
  };
}

/** Levels of what waits for what; apart: what waits for something that no agent does, and rings. */
function layered(tasks: ReadonlyMap<string, BeadRecord>, blockers: ReadonlyMap<string, readonly string[]>) {
  const gatedBy = new Map<string, Set<string>>();
  for (const [id, by] of blockers) {
    const outside = by.filter((one) => !tasks.has(one));
    if (outside.length > 0) gatedBy.set(id, new Set(outside));
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const [id, by] of blockers) {
      const gated = by.filter((one) => gatedBy.has(one));
      if (gated.length === 0 || gatedBy.has(id)) continue;
      gatedBy.set(id, new Set(gated));
      grew = true;
    }
  }
  const left = new Set([...tasks.keys()].filter((id) => !gatedBy.has(id)));
  const waves: string[][] = [];
  for (;;) {
    const wave = [...left].filter((id) => !(blockers.get(id) ?? []).some((one) => left.has(one)));
    if (wave.length === 0) break;
    for (const id of wave) left.delete(id);
    waves.push(wave);
  }
  const gated = [...gatedBy].map(([id, by]) => ({ id, by: [...by] }));
  return { waves, gated, rings: ringsAmong(left, blockers) };
}

function ringsAmong(left: ReadonlySet<string>, blockers: ReadonlyMap<string, readonly string[]>): string[][] {
  const rings: string[][] = [];
  const told = new Set<string>();
  for (const start of left) {
    const path: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !path.includes(at)) {
      path.push(at);
      at = blockers.get(at)?.find((one) => left.has(one));
    }
    if (at === undefined) continue;
    const ring = path.slice(path.indexOf(at));
    if (ring.some((one) => told.has(one))) continue;
    for (const one of ring) told.add(one);
    rings.push([...ring, at]);
  }
  return rings;
}

function warningsOf(
  { sql, rigs, again }: Planning,
  work: readonly { readonly bead: BeadRecord }[],
  tasks: ReadonlyMap<string, BeadRecord>,
  blockers: ReadonlyMap<string, readonly string[]>,
): StageWarning[] {
  const ids = [...tasks.keys()];
  const closed = work.filter(({ bead }) => !tasks.has(bead.id) && bead.status === "closed").map(({ bead }) => bead.id);
  const outside = ids.filter((id) => (blockers.get(id) ?? []).some((one) => isOutside(sql, one, tasks)));
  const tracked = ids.filter((id) =>
    trackersOf(sql, id).some((convoy) => convoy.status !== "closed" && convoy.id !== again),
  );
  const rigOf = (id: string) => rigs?.rigOf(id);
  const noRig = rigs?.any() ? ids.filter((id) => !rigOf(id)) : [];
  const parked = ids.filter((id) => !["active", undefined].includes(rigOf(id)?.state));
  const cross = ids.filter((id) => {
    const rig = rigOf(id)?.name;
    return rig !== undefined && (blockers.get(id) ?? []).some((one) => tasks.has(one) && rigOf(one)?.name !== rig);
  });
  const all: readonly [StageWarning["category"], readonly string[], string, string][] = [
    [
      "no-rig",
      noRig,
      "no rig has their prefix: nobody can be given them",
      "barnacle rig add, or beads with a rig's prefix",
    ],
    ["parked-rig", parked, "their rig takes no work now", "barnacle rig unpark"],
    ["cross-rig", cross, "they wait for work in another rig", "nothing, when that is meant"],
    [
      "outside-blocker",
      outside,
      "they wait for work that is not part of this",
      "stage that as well, or remove the dependency",
    ],
    ["already-tracked", tracked, "another convoy that is not closed tracks them", "nothing, when that is meant"],
    ["closed", closed, "they are done and not part of it", "nothing"],
  ];
  return all
    .filter(([, found]) => found.length > 0)
    .map(([category, bead_ids, message, suggested_fix]) => ({ category, bead_ids, message, suggested_fix }));
}

/** Work that somebody could do, but not within this plan. */
function isOutside(sql: Sql, id: string, tasks: ReadonlyMap<string, BeadRecord>): boolean {
  if (tasks.has(id)) return false;
  const row = sql.one("SELECT issue_type FROM beads WHERE id = ?", id);
  return SLINGABLE.includes(String(row?.issue_type));
}
