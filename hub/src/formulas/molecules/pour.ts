import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { DEFAULT_PREFIX } from "../../beads/beads.ts";
import type { BeadWriter } from "../../beads/index.ts";
import type { Cooked, CookedGate, CookedStep } from "../cook/cooked.ts";
import { type FormulaPart, partOf, type RootPart } from "./part.ts";
import { keepUntil, type WispClass } from "./wisps.ts";

const NANOS_PER_MS = 1_000_000;
const ID_LENGTH = 5;
const LONGEST_ID = 128;

export interface PourOptions {
  readonly cooked: Cooked;
  /** Default: what the formula's phase says; without one, a molecule. */
  readonly kind?: "molecule" | "wisp";
  /** The steps as a checklist on the root instead of beads. Default: of a wisp whose formula does not say `pour`. */
  readonly rootOnly?: boolean | undefined;
  readonly title?: string | undefined;
  /** Of ids: `<prefix>-mol-…`, `<prefix>-wisp-…`. Default: of the store. */
  readonly prefix?: string | undefined;
  readonly assignee?: string | undefined;
  /** The bead that all of it is for. */
  readonly attachTo?: string | undefined;
  /** How long a wisp is kept. */
  readonly wispClass?: WispClass | undefined;
  /** The root is a part of this bead. */
  readonly parent?: string | undefined;
  /** The root waits for these. */
  readonly needs?: readonly string[] | undefined;
  /** Pouring again with the same key gives what the first made. */
  readonly key?: string | undefined;
  /** More of the root's own part. */
  readonly part?: Partial<RootPart>;
}

export interface Poured {
  readonly id: string;
  readonly kind: "molecule" | "wisp";
  readonly formula: string;
  readonly root: BeadRecord;
  /** In the order of the formula; empty where the steps are a checklist. */
  readonly steps: readonly { readonly step: string; readonly id: string }[];
}

/**
 * Makes the beads of a cooked formula, all in the transaction that `writer` stands for: the root, one bead for each step
 * with its needs, and the gates before them.
 * @throws FORMULA_INVALID when it was cooked without values, BEAD_UNKNOWN (`attachTo`, `parent`), INPUT_INVALID
 */
export function pour(writer: BeadWriter, options: PourOptions): Poured {
  const { cooked, key } = options;
  refuseTemplates(cooked);
  const known = key === undefined ? undefined : writer.sql.one("SELECT id FROM bead_keys WHERE key = ?", key);
  if (known) return pouredBefore(writer, String(known.id));
  const kind = options.kind ?? (cooked.phase === "vapor" ? "wisp" : "molecule");
  const rootOnly = options.rootOnly ?? (kind === "wisp" && !cooked.pour);
  const root = makeRoot(writer, options, kind, rootOnly);
  const steps = rootOnly ? [] : addSteps(writer, root, cooked.steps, kind);
  if (kind === "wisp") keepUntil(writer, root.id, options.wispClass ?? "none", options.attachTo);
  if (options.attachTo !== undefined) attach(writer, options.attachTo, root.id, cooked);
  return { id: root.id, kind, formula: cooked.formula, root: writer.need(root.id).bead, steps };
}

function refuseTemplates({ formula, steps, type }: Cooked): void {
  if (type === "expansion") {
    throw new BarnacleError(
      "FORMULA_INVALID",
      `${formula} is an expansion: it stands in the place of a step, not alone`,
    );
  }
  const open = steps.find(({ conditions }) => (conditions ?? []).length > 0);
  if (open)
    throw new BarnacleError("FORMULA_INVALID", `${formula} was cooked without values: steps.${open.id}.condition`);
}

function pouredBefore(writer: BeadWriter, id: string): Poured {
  const { bead } = writer.need(id);
  const steps = stepsOf(writer, id).map((one) => ({ step: partOf(one).step ?? one.id, id: one.id }));
  const kind = bead.ephemeral ? "wisp" : "molecule";
  return { id, kind, formula: bead.source_formula ?? "", root: bead, steps };
}

/** Beads of steps, not of gates. */
export function stepsOf(writer: BeadWriter, root: string): BeadRecord[] {
  return writer.sql
    .all("SELECT line FROM beads WHERE id > ?1 || '.' AND id < ?1 || '/' ORDER BY seq", root)
    .map((row): BeadRecord => JSON.parse(String(row.line)))
    .filter((bead) => bead.issue_type !== "gate");
}

function makeRoot(writer: BeadWriter, options: PourOptions, kind: Poured["kind"], rootOnly: boolean): BeadRecord {
  const { cooked, title, prefix, assignee, attachTo, parent, needs = [], key, part } = options;
  const own: RootPart = {
    ...{ version: cooked.version, vars: cooked.vars, file: cooked.file },
    ...(rootOnly ? { steps: cooked.steps, done: [] } : {}),
    ...(attachTo === undefined ? {} : { attachedTo: attachTo }),
    ...(cooked.output ? { output: cooked.output } : {}),
    ...part,
  };
  return writer.create({
    title: title ?? (firstLine(cooked.description) || cooked.formula),
    ...(cooked.description === "" ? {} : { description: cooked.description }),
    ...{ issue_type: "molecule", mol_type: "work", source_formula: cooked.formula },
    metadata: { formula: own },
    ...(kind === "wisp" ? { ephemeral: true, wisp_type: options.wispClass } : {}),
    ...(assignee === undefined ? {} : { assignee }),
    ...(key === undefined ? {} : { key }),
    ...{
      prefix: `${prefix ?? writer.settings.prefix ?? DEFAULT_PREFIX}-${kind === "wisp" ? "wisp" : "mol"}`,
      idLength: ID_LENGTH,
    },
    dependencies: [
      ...(parent === undefined ? [] : [{ on: parent, kind: "parent-child" }]),
      ...needs.map((on) => ({ on, kind: "blocks" })),
    ],
  });
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0]?.slice(0, 200) ?? "";
}

/** Adds beads of steps below a root that is there. @returns them in the order of the formula */
export function addSteps(
  writer: BeadWriter,
  root: Pick<BeadRecord, "id">,
  steps: readonly CookedStep[],
  kind: Poured["kind"],
  /** Steps that are there already. */
  known: ReadonlyMap<string, string> = new Map(),
): Poured["steps"] {
  let number = writer.table.nextChild(root.id);
  const ids = new Map(known);
  // Numbers in the order of the formula; made in an order in which what is needed is there.
  for (const step of steps)
    ids.set(
      step.id,
      step.type === "gate" && step.until ? gateId(writer, root.id, step.id, ids) : `${root.id}.${number++}`,
    );
  const of = (step: string): string => {
    const id = ids.get(step);
    if (id !== undefined) return id;
    throw new BarnacleError("INTERNAL", `step ${step} has no bead`);
  };
  const ephemeral = kind === "wisp" ? { ephemeral: true } : {};
  const items = new Map<string, string>();
  for (const step of inOrder(steps, known)) {
    const id = of(step.id);
    const gates = (step.gates ?? []).map((gate, i) =>
      addGate(writer, root.id, step, gate, i, { ids, of, items, ephemeral }),
    );
    writer.create({ id, ...fieldsOf(step), ...ephemeral, dependencies: edgesOf(step, root.id, of, gates) });
    if (step.onComplete) items.set(step.id, addItems(writer, root.id, step, id, ids, ephemeral));
  }
  return steps.map(({ id }) => ({ step: id, id: of(id) }));
}

function fieldsOf(step: CookedStep) {
  const { title, type, description, notes, acceptance, priority, labels, metadata, assignee, interactive, until } =
    step;
  const part: FormulaPart = {
    step: step.id,
    ...(interactive ? { interactive } : {}),
    ...(until ? { until: { ...until, round: 1 } } : {}),
  };
  return {
    ...{ title, issue_type: type, description, notes, acceptance_criteria: acceptance, priority },
    ...(labels.length > 0 ? { labels } : {}),
    ...(assignee === undefined ? {} : { assignee }),
    ...(until ? { await_type: "condition", await_id: until.condition } : {}),
    metadata: { ...metadata, formula: part },
  };
}

function edgesOf(step: CookedStep, root: string, of: (step: string) => string, gates: readonly string[]) {
  return [
    { on: step.parent === undefined ? root : of(step.parent), kind: "parent-child" },
    ...step.needs.map((need) => ({ on: of(need), kind: "blocks" })),
    ...gates.map((on) => ({ on, kind: "blocks" })),
  ];
}

interface Making {
  readonly ids: Map<string, string>;
  readonly of: (step: string) => string;
  readonly items: ReadonlyMap<string, string>;
  readonly ephemeral: { readonly ephemeral?: boolean };
}

function addGate(
  writer: BeadWriter,
  root: string,
  step: CookedStep,
  gate: CookedGate,
  at: number,
  { ids, of, items, ephemeral }: Making,
): string {
  const id = gateId(writer, root, at === 0 ? step.id : `${step.id}-${at + 1}`, ids);
  const what = [gate.type, gate.awaitId ?? (gate.timeoutMs === undefined ? "" : `${gate.timeoutMs / 1000} s`)];
  const needs = (gate.needs ?? []).flatMap((need) => [of(need), ...(items.has(need) ? [items.get(need) ?? ""] : [])]);
  const part: FormulaPart = { gateOf: step.id };
  writer.create({
    ...{ id, title: `${what.join(" ").trim()} before ${step.title}`.slice(0, 500), issue_type: "gate", ...ephemeral },
    await_type: gate.type,
    ...(gate.awaitId === undefined ? {} : { await_id: gate.awaitId }),
    ...(gate.timeoutMs === undefined ? {} : { timeout: Math.round(gate.timeoutMs * NANOS_PER_MS) }),
    metadata: { formula: part },
    dependencies: [{ on: root, kind: "parent-child" }, ...needs.map((on) => ({ on, kind: "blocks" }))],
  });
  return id;
}

/** What has to be done once the step is: it keeps the molecule open until then. */
function addItems(
  writer: BeadWriter,
  root: string,
  step: CookedStep,
  bead: string,
  ids: Map<string, string>,
  ephemeral: Making["ephemeral"],
): string {
  const id = gateId(writer, root, `${step.id}-items`, ids);
  const part: FormulaPart = { itemsOf: step.id, onComplete: step.onComplete };
  writer.create({
    ...{
      id,
      title: `a ${step.onComplete?.bond} for each of ${step.onComplete?.forEach}`,
      issue_type: "gate",
      ...ephemeral,
    },
    ...{ await_type: "condition", await_id: "step.status == 'complete'", metadata: { formula: part } },
    dependencies: [
      { on: root, kind: "parent-child" },
      { on: bead, kind: "blocks" },
    ],
  });
  return id;
}

/** `<root>.gate-<step>`, in the letters that ids have. */
function gateId(writer: BeadWriter, root: string, step: string, ids: Map<string, string>): string {
  const plain = `${root}.gate-${step.replace(/[^A-Za-z0-9.:-]/g, "-")}`.slice(0, LONGEST_ID - 4);
  const taken = new Set(ids.values());
  for (let n = 1; ; n++) {
    const id = n === 1 ? plain : `${plain}-${n}`;
    if (taken.has(id) || writer.table.has(id)) continue;
    ids.set(`gate ${id}`, id);
    return id;
  }
}

/** What is needed before what needs it, wholes before their parts. */
function inOrder(steps: readonly CookedStep[], known: ReadonlyMap<string, string>): CookedStep[] {
  const waiting = new Map(steps.map((step) => [step.id, step]));
  const order: CookedStep[] = [];
  const stack: { readonly step: CookedStep; readonly before: string[] }[] = [];
  const enter = (step: CookedStep) => {
    waiting.delete(step.id);
    const { parent, needs, gates = [] } = step;
    const before = [...(parent === undefined ? [] : [parent]), ...needs, ...gates.flatMap((gate) => gate.needs ?? [])];
    stack.push({ step, before: before.filter((id) => !known.has(id)) });
  };
  for (const step of steps) {
    if (waiting.has(step.id)) enter(step);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = waiting.get(top.before.shift() ?? "");
      if (next) enter(next);
      else if (top.before.length === 0) order.push((stack.pop() as typeof top).step);
    }
  }
  return order;
}

/** The bead knows what it is done by, as hooks and workers look for it. @throws BEAD_UNKNOWN */
export function attach(
  writer: BeadWriter,
  bead: string,
  molecule: string,
  cooked: Pick<Cooked, "formula" | "vars">,
): void {
  writer.need(bead);
  writer.update(bead, {
    ...{ attached_molecule: molecule, attached_formula: cooked.formula },
    attached_at: new Date(writer.now).toISOString(),
    attached_vars: Object.entries(cooked.vars).map(([name, value]) => `${name}=${value}`),
  });
}
