import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../../beads/index.ts";
import { partOf, rootPart } from "./part.ts";

export type StepState = "done" | "current" | "ready" | "blocked" | "pending";

export interface StepView {
  /** The bead; absent where the steps are a checklist. */
  readonly id?: string;
  /** Its name in the formula. */
  readonly step: string;
  readonly title: string;
  /** `blocked`: by something that is no step of the molecule; `pending`: by earlier steps. */
  readonly state: StepState;
  readonly description?: string;
  readonly assignee?: string;
  readonly needs?: readonly string[];
}

export interface MoleculeView {
  readonly molecule_id: string;
  readonly title: string;
  readonly status: string;
  readonly kind: "molecule" | "wisp";
  readonly formula: string;
  readonly attached_to?: string;
  readonly total: number;
  readonly completed: number;
  readonly in_progress: number;
  /** Of 100, rounded down. */
  readonly percent: number;
  readonly current_step_id?: string;
  readonly first_closed?: string;
  readonly last_closed?: string;
  readonly steps: readonly StepView[];
  /** Gates that are open. */
  readonly gates: readonly { readonly id: string; readonly await_type: string; readonly await_id?: string }[];
}

const DONE = ["closed", "tombstone"];
const CURRENT = ["in_progress", "hooked"];

/** How far a molecule is. @throws BEAD_UNKNOWN, BEAD_REFUSED when the bead is none */
export function progressOf(sql: Sql, reads: BeadReads, id: string): MoleculeView {
  const root = reads.get(id);
  const part = rootPart(root);
  if (!part) throw new BarnacleError("BEAD_REFUSED", `${id} is no molecule: it was not poured from a formula`);
  const beads = beadsBelow(sql, id);
  const steps = part.steps ? checklist(root) : beads.filter(isStep).map((bead) => stepView(sql, bead, id));
  const closed = beads.flatMap((bead) => (isStep(bead) && bead.closed_at ? [bead.closed_at] : [])).sort();
  const completed = steps.filter(({ state }) => state === "done").length;
  const current = steps.find(({ state }) => state === "current") ?? steps.find(({ state }) => state === "ready");
  return {
    ...{ molecule_id: id, title: root.title, status: root.status, kind: root.ephemeral ? "wisp" : "molecule" },
    formula: root.source_formula ?? "",
    ...(part.attachedTo === undefined ? {} : { attached_to: part.attachedTo }),
    ...{ total: steps.length, completed, in_progress: steps.filter(({ state }) => state === "current").length },
    percent: steps.length === 0 ? 100 : Math.floor((100 * completed) / steps.length),
    ...(current ? { current_step_id: current.id ?? current.step } : {}),
    ...(closed.length > 0 ? { first_closed: closed[0], last_closed: closed.at(-1) } : {}),
    steps,
    gates: beads
      .filter(({ issue_type, status }) => issue_type === "gate" && status === "open")
      .map((gate) => ({
        ...{ id: gate.id, await_type: gate.await_type ?? "human" },
        ...(gate.await_id === undefined ? {} : { await_id: gate.await_id }),
      })),
  };
}

/** Everything with an id below the root's, in the order of the store. */
export function beadsBelow(sql: Sql, root: string): BeadRecord[] {
  return sql
    .all("SELECT line FROM beads WHERE id > ?1 || '.' AND id < ?1 || '/' ORDER BY seq", root)
    .map((row): BeadRecord => JSON.parse(String(row.line)))
    .filter(({ status }) => status !== "tombstone");
}

/** Work, in contrast to gates and to wholes that close with their parts. */
function isStep(bead: BeadRecord): boolean {
  return bead.issue_type !== "gate" && bead.issue_type !== "molecule" && partOf(bead).step !== undefined;
}

function stepView(sql: Sql, bead: BeadRecord, root: string): StepView {
  const { id, title, status, description, assignee, dependencies = [] } = bead;
  const needs = dependencies.filter(({ type }) => type === "blocks").map((edge) => edge.depends_on_id);
  return {
    ...{ id, step: partOf(bead).step ?? id, title, state: stateOf(sql, bead, root) },
    ...(status !== "closed" && description !== undefined ? { description } : {}),
    ...(assignee === undefined ? {} : { assignee }),
    ...(needs.length > 0 ? { needs } : {}),
  };
}

function stateOf(sql: Sql, { id, status }: BeadRecord, root: string): StepState {
  if (DONE.includes(status)) return "done";
  if (CURRENT.includes(status)) return "current";
  if (status !== "open") return "blocked";
  if (sql.one("SELECT blocked FROM beads WHERE id = ?", id)?.blocked !== 1) return "ready";
  const others = sql
    .all("SELECT target FROM bead_edges WHERE issue_id = ? AND blocking = 1", id)
    .map((row) => String(row.target));
  const earlier = others.some((one) => one.startsWith(`${root}.`) && !one.startsWith(`${root}.gate-`));
  return others.length > 0 && !earlier ? "blocked" : "pending";
}

/** Steps that are no beads: the next ones to do are those whose needs are done. */
export function checklist(root: BeadRecord): StepView[] {
  const { steps = [], done = [] } = rootPart(root) ?? {};
  const parents = new Set(steps.map(({ parent }) => parent));
  const isDone = (id: string): boolean => {
    if (done.includes(id)) return true;
    const parts = steps.filter(({ parent }) => parent === id);
    return parts.length > 0 && parts.every((one) => isDone(one.id));
  };
  const parentOf = new Map(steps.map(({ id, parent }) => [id, parent]));
  const startable = (id: string | undefined): boolean => {
    if (id === undefined) return true;
    const step = steps.find((one) => one.id === id);
    return (step?.needs ?? []).every(isDone) && startable(parentOf.get(id));
  };
  return steps
    .filter(({ id, type }) => !parents.has(id) && type !== "gate")
    .map(({ id, title, description, needs }) => ({
      ...{ step: id, title, state: isDone(id) ? "done" : startable(id) ? "ready" : "pending" },
      ...(description === undefined ? {} : { description }),
      ...(needs.length > 0 ? { needs } : {}),
    }));
}

/** The molecule that an id stands for: its own, a step's, or that of the bead it is for. @throws BEAD_UNKNOWN, BEAD_REFUSED */
export function moleculeOf(reads: BeadReads, part: string): string {
  const bead = reads.get(reads.resolve(part));
  if (rootPart(bead)) return bead.id;
  const dot = bead.id.indexOf(".");
  const root = dot > 0 ? reads.find(bead.id.slice(0, dot)) : undefined;
  if (root && rootPart(root)) return root.id;
  const attached = bead.attached_molecule;
  if (typeof attached === "string" && reads.find(attached)) return attached;
  throw new BarnacleError("BEAD_REFUSED", `${bead.id} is no molecule, no step of one, and none is attached to it`);
}

/** What somebody works on: the molecule of the bead on their hook or in their hands, or of a step of theirs. */
export function currentMoleculeOf(sql: Sql, reads: BeadReads, who: string): string | undefined {
  const mine = sql.all(
    "SELECT id FROM beads WHERE assignee = ? AND status IN ('hooked', 'in_progress') ORDER BY status, updated_at DESC",
    who,
  );
  for (const row of mine) {
    try {
      return moleculeOf(reads, String(row.id));
    } catch (error) {
      if (!(error instanceof BarnacleError)) throw error;
    }
  }
  return undefined;
}
