import { type BeadRecord, BLOCKING_KINDS, OUT_OF_THE_WAY, saysFailure } from "@barnacle/protocol/beads";
import { COLUMNS, edgesOf, valuesOf } from "./projection.ts";
import type { Sql } from "./sql.ts";

export interface BeadsCheck {
  readonly beads: number;
  readonly ready: number;
  readonly blocked: number;
  /** Beads whose columns differ from what their lines say, at most ten, each with the column. */
  readonly drift: readonly string[];
}

const SHOWN = 10;

interface Known {
  readonly bead: BeadRecord;
  readonly children: string[];
}

/** Computes from the lines alone, another way than `graph.ts` does, what the columns should be, and compares. */
export function checkBeads(sql: Sql): BeadsCheck {
  const rows = sql.all(`SELECT id, line, direct, blocked, held_until, ${COLUMNS.join(", ")} FROM beads ORDER BY seq`);
  const all = new Map<string, Known>();
  for (const row of rows) all.set(String(row.id), { bead: JSON.parse(String(row.line)), children: [] });
  for (const [id, { bead }] of all)
    for (const edge of edgesOf(bead)) if (edge.kind === "parent-child") all.get(edge.target)?.children.push(id);
  const drift: string[] = [];
  const wrong = (id: string, column: string) => drift.length < SHOWN && drift.push(`${id}: ${column}`);
  let [ready, blocked] = [0, 0];
  for (const row of rows) {
    const id = String(row.id);
    const bead = (all.get(id) as Known).bead;
    const direct = blockersOf(bead, all);
    if (Number(row.direct) !== direct) wrong(id, "direct");
    const isBlocked = blockedBy(id, all, new Set());
    if ((row.blocked === 1) !== isBlocked) wrong(id, "blocked");
    if (Number(row.held_until) !== heldUntil(bead, all)) wrong(id, "held_until");
    valuesOf(bead).forEach((value, i) => {
      const column = COLUMNS[i] ?? "";
      if (row[column] !== value) wrong(id, column);
    });
    if (bead.status === "open" && isBlocked) blocked++;
    if (bead.status === "open" && !isBlocked && row.hidden === 0) ready++;
  }
  const edges = [...all.values()].reduce(
    (sum, { bead }) => sum + new Set(edgesOf(bead).map((e) => `${e.target} ${e.kind}`)).size,
    0,
  );
  if (edges !== Number(sql.one("SELECT count(*) AS n FROM bead_edges")?.n)) wrong("all", "bead_edges");
  const labels = [...all.values()].reduce((sum, { bead }) => sum + new Set(bead.labels ?? []).size, 0);
  if (labels !== Number(sql.one("SELECT count(*) AS n FROM bead_labels")?.n)) wrong("all", "bead_labels");
  return { beads: rows.length, ready, blocked, drift };
}

function isDone(known: Known | undefined): boolean {
  return known === undefined || OUT_OF_THE_WAY.includes(known.bead.status ?? "open");
}

function blockersOf(bead: BeadRecord, all: ReadonlyMap<string, Known>): number {
  return edgesOf(bead).filter(({ target, kind, anyChild }) => {
    const end = all.get(target);
    if (!end || !(BLOCKING_KINDS as readonly string[]).includes(kind)) return false;
    if (kind === "waits-for") {
      const children = end.children.map((child) => all.get(child));
      const waits = children.some((child) => !isDone(child));
      return waits && !(anyChild && children.some((child) => child?.bead.status === "closed"));
    }
    if (!isDone(end)) return true;
    return kind === "conditional-blocks" && end.bead.status === "closed" && !saysFailure(end.bead.close_reason);
  }).length;
}

function blockedBy(id: string, all: ReadonlyMap<string, Known>, seen: Set<string>): boolean {
  const known = all.get(id);
  if (!known || isDone(known) || seen.has(id)) return false;
  seen.add(id);
  if (blockersOf(known.bead, all) > 0) return true;
  return edgesOf(known.bead).some(({ target, kind }) => kind === "parent-child" && blockedBy(target, all, seen));
}

function heldUntil(bead: BeadRecord, all: ReadonlyMap<string, Known>): number {
  const own = (one: BeadRecord | undefined) => Number((one && valuesOf(one)[COLUMNS.indexOf("defer_until")]) ?? 0);
  const parents = edgesOf(bead).filter(({ kind }) => kind === "parent-child");
  return Math.max(own(bead), ...parents.map(({ target }) => own(all.get(target)?.bead)));
}
