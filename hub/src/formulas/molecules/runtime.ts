import type { BeadRecord } from "@barnacle/protocol/beads";
import type { BeadReads, BeadWriter, Sql } from "../../beads/index.ts";
import { BeadReads as Reads } from "../../beads/reads.ts";
import type { Cooked, CookedStep } from "../cook/cooked.ts";
import { roundFrom } from "../cook/rounds.ts";
import { single } from "../cook/texts.ts";
import { member, nowHolds, parseRuntimeCondition } from "./condition.ts";
import { factsOf, type Outside } from "./facts.ts";
import { outputOf, partOf } from "./part.ts";
import { addSteps, pour } from "./pour.ts";
import { beadsBelow } from "./progress.ts";

/** A gate of a molecule whose time to be looked at has come: nothing stands before it any more. */
export interface OpenGate {
  readonly id: string;
  readonly root: string;
}

/** Formulas that have to be cooked before the gate can be judged: one for each item of a step's output. */
export interface Wanted {
  readonly gate: string;
  readonly formula: string;
  readonly vars: Readonly<Record<string, string>>[];
  /** There are no items, and should be. */
  readonly wrong?: string;
}

const STUCK = "human";

/** Gates with a condition of their molecule that nothing else holds back. */
export function openGates(sql: Sql, root?: string): OpenGate[] {
  const below = root === undefined ? "" : "AND id > ?1 || '.' AND id < ?1 || '/'";
  return sql
    .all(
      `SELECT id, line FROM beads INDEXED BY beads_gates WHERE issue_type = 'gate' AND status = 'open' AND blocked = 0 ${below}`,
      ...(root === undefined ? [] : [root]),
    )
    .map((row): BeadRecord => JSON.parse(String(row.line)))
    .filter((gate) => gate.await_type === "condition" && gate.id.includes(".") && !gate.labels?.includes(STUCK))
    .map(({ id }) => ({ id, root: id.slice(0, id.indexOf(".")) }));
}

/** What has to be cooked for a gate, when it is one that makes something for each item. */
export function wantedBy(reads: BeadReads, { id }: OpenGate): Wanted | undefined {
  const gate = reads.get(id);
  const part = partOf(gate);
  if (!part.onComplete || part.itemsOf === undefined) return undefined;
  const on = (gate.dependencies ?? []).find(({ type }) => type === "blocks")?.depends_on_id;
  const step = on === undefined ? undefined : reads.find(on);
  const { bond: formula, forEach, vars } = part.onComplete;
  const items = step && member({ output: outputOf(step) }, forEach.split("."));
  if (!Array.isArray(items))
    return { gate: id, formula, vars: [], wrong: `${part.itemsOf} gave no list as ${forEach}` };
  return { gate: id, formula, vars: items.map((item, i) => itemVars(vars, item, i)) };
}

function itemVars(vars: Readonly<Record<string, string>>, item: unknown, index: number): Record<string, string> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value ?? null));
  const fields = typeof item === "object" && item !== null ? Object.entries(item) : [];
  const values = {
    ...{ item: text(item), index: String(index) },
    ...Object.fromEntries(fields.map(([name, value]) => [`item.${name}`, text(value)])),
  };
  return Object.fromEntries(Object.entries(vars).map(([name, value]) => [name, single(value, values)]));
}

/** Judges one gate in a transaction. @returns whether anything became of it */
export function judge(
  writer: BeadWriter,
  { id, root }: OpenGate,
  outside: Outside,
  cooked: ReadonlyMap<string, readonly Cooked[] | string>,
): boolean {
  const gate = writer.find(id);
  if (gate?.status !== "open" || gate.labels?.includes(STUCK)) return false;
  const part = partOf(gate);
  if (part.onComplete) return bondItems(writer, gate, root, cooked.get(id));
  const reads = new Reads(writer.sql, () => writer.now);
  const within = part.until ? `${part.step}.iter${part.until.round}.` : roundOf(part.gateOf);
  const own = part.until ? lastOf(part.until.body, part.step ?? "", part.until.round) : part.gateOf;
  const condition = parseRuntimeCondition(gate.await_id ?? "");
  const holds = condition && nowHolds(condition, factsOf(writer.sql, reads, root, { own, within }, outside));
  if (holds) {
    writer.closing.close(id, { reason: `Condition met: ${gate.await_id}`, force: true });
    return true;
  }
  return part.until ? nextRound(writer, gate, root) : false;
}

/** `x.iter2.` of `x.iter2.y`: names inside a round mean its own steps first. */
function roundOf(step: string | undefined): string | undefined {
  return step === undefined ? undefined : /^(.*\.iter\d+\.)/.exec(step)?.[1];
}

function lastOf(body: readonly CookedStep[], loop: string, round: number): string | undefined {
  return body.at(-1)?.id.replace(`${loop}.iter1.`, `${loop}.iter${round}.`);
}

/** Another round of a loop, or, after the last that is allowed, a question to people. */
function nextRound(writer: BeadWriter, gate: BeadRecord, root: string): boolean {
  const part = partOf(gate);
  const { until, step: loop } = part;
  if (!until || loop === undefined) return false;
  if (until.round >= until.max) {
    const text = `${gate.await_id} does not hold after ${until.max} rounds. Close this gate to go on all the same.`;
    return ask(writer, gate.id, text);
  }
  const round = until.round + 1;
  const known = new Map(
    beadsBelow(writer.sql, root).flatMap((bead) => {
      const name = partOf(bead).step;
      return name === undefined ? [] : [[name, bead.id] as const];
    }),
  );
  const kind = writer.need(root).bead.ephemeral ? "wisp" : "molecule";
  // What stood before the first round is done; the new round comes after the last one.
  const inside = new Set(until.body.map(({ id }) => id));
  const body = until.body.map((step) => ({ ...step, needs: step.needs.filter((id) => inside.has(id)) }));
  const steps = roundFrom(body, loop, round, until.var);
  const made = addSteps(writer, { id: root }, steps, kind, known);
  const needed = new Set(steps.flatMap(({ needs }) => needs));
  for (const { step, id } of made) if (!needed.has(step)) writer.addDependency(gate.id, id, "blocks");
  writer.setMetadata(gate.id, { formula: { ...part, until: { ...until, round } } });
  return true;
}

function bondItems(
  writer: BeadWriter,
  gate: BeadRecord,
  root: string,
  cooked: readonly Cooked[] | string | undefined,
): boolean {
  const { onComplete, itemsOf } = partOf(gate);
  if (cooked === undefined || !onComplete) return false;
  if (typeof cooked === "string") return ask(writer, gate.id, cooked);
  const step = (gate.dependencies ?? []).find(({ type }) => type === "blocks")?.depends_on_id;
  const parent = writer.need(root).bead;
  const kind = parent.ephemeral ? "wisp" : "molecule";
  let before: string | undefined;
  for (const [i, one] of cooked.entries()) {
    const made = pour(writer, {
      ...{ cooked: one, kind, rootOnly: false, parent: root },
      needs: onComplete.sequential && before !== undefined ? [before] : [],
      key: `${gate.id}/${i}`,
      part: { ...(step === undefined ? {} : { itemOf: step }) },
    });
    before = made.id;
  }
  writer.closing.close(gate.id, { reason: `${cooked.length} made of ${itemsOf}`, force: true });
  return true;
}

function ask(writer: BeadWriter, gate: string, text: string): boolean {
  writer.addLabel(gate, STUCK);
  writer.comment(gate, text);
  return true;
}

/** Gates whose step is closed already stand before nothing. @returns whether there was one */
export function closeIdleGates(writer: BeadWriter, root: string): boolean {
  const beads = beadsBelow(writer.sql, root);
  const closed = new Set(beads.filter(({ status }) => status === "closed").flatMap((bead) => partOf(bead).step ?? []));
  const idle = beads.filter((bead) => {
    const { gateOf } = partOf(bead);
    return bead.issue_type === "gate" && bead.status === "open" && gateOf !== undefined && closed.has(gateOf);
  });
  for (const { id } of idle) writer.closing.close(id, { reason: "Its step is closed", force: true });
  return idle.length > 0;
}
