import { parseLength } from "@barnacle/protocol/beads/instant";
import { every, type Formula, type Step } from "../language/formula.ts";
import { parseRuntimeCondition, RUNTIME_FORMS, stepOf } from "../molecules/condition.ts";
import type { Problems } from "../source/problems.ts";
import type { CookedGate, CookedStep } from "./cooked.ts";
import { single, withTexts } from "./texts.ts";

const NANOS_PER_MS = 1_000_000;
const TITLE_LENGTH = 500;

/** The tree as a list, parents before their parts, in the form that beads are made from. */
export function finished(steps: readonly Step[], formula: Formula, problems: Problems): CookedStep[] {
  const flat: { readonly step: Step; readonly parent: string | undefined }[] = [];
  const note = (list: readonly Step[], parent: string | undefined): void => {
    for (const step of list) {
      flat.push({ step, parent });
      note(step.children, step.id);
    }
  };
  note(steps, undefined);
  const known = new Set(flat.map(({ step }) => step.id));
  const cooked = flat.map(({ step, parent }) => cookedStep(step, parent, formula, known, problems));
  const variables = new Map<string, string>();
  for (const { step } of flat) if (step.until) variables.set(`${step.id}.iter1.`, step.until.var);
  const inRound = (id: string) => [...variables].filter(([prefix]) => id.startsWith(prefix));
  const until = new Map([...every(steps)].flatMap((step) => (step.until ? [[step.id, step.until] as const] : [])));
  return cooked.map((step) => {
    const decides = until.get(step.id);
    const body = decides && cooked.filter(({ id }) => id.startsWith(`${step.id}.iter1.`));
    const values = Object.fromEntries(inRound(step.id).map(([, name]) => [name, "1"]));
    const plain = withTexts(step, (text) => single(text, values));
    return decides && body ? { ...plain, until: { ...decides, body } } : plain;
  });
}

function cookedStep(
  step: Step,
  parent: string | undefined,
  { type }: Formula,
  known: ReadonlySet<string>,
  problems: Problems,
): CookedStep {
  const { id, title, needs, labels, conditions, origin, on_complete, priority, interactive } = step;
  const list = type === "expansion" ? "template" : "steps";
  if ([...title].length > TITLE_LENGTH) {
    problems.add(origin, `${list}.${id}.title`, `expected at most ${TITLE_LENGTH} characters`, "title");
  }
  const gates = gatesOf(step, list, known, problems);
  const { description, notes, acceptance, metadata, assignee } = step;
  return {
    ...{
      id,
      title,
      type: step.until ? "gate" : (step.type ?? (step.children.length > 0 ? "molecule" : "task")),
      needs,
    },
    ...(parent === undefined ? {} : { parent }),
    ...defined({ description, notes, acceptance, metadata, assignee }),
    ...(priority === undefined ? {} : { priority: Number(String(priority).replace(/^p/i, "")) }),
    labels,
    ...(interactive ? { interactive } : {}),
    ...(conditions.length > 0 ? { conditions: [...new Set(conditions)] } : {}),
    ...(gates.length > 0 ? { gates } : {}),
    ...(on_complete
      ? {
          onComplete: {
            ...{ forEach: on_complete.for_each, bond: on_complete.bond, sequential: on_complete.sequential ?? false },
            vars: Object.fromEntries(Object.entries(on_complete.vars ?? {}).map(([name, one]) => [name, String(one)])),
          },
        }
      : {}),
  };
}

function gatesOf(step: Step, list: string, known: ReadonlySet<string>, problems: Problems): CookedGate[] {
  const { id, gate, waits_for, holdUntil = [], needs, origin } = step;
  const gates: CookedGate[] = [];
  if (gate) {
    const { type, timeout } = gate;
    const awaitId = gate.await_id ?? gate.id;
    const timeoutMs = typeof timeout === "number" ? timeout / NANOS_PER_MS : parseLength(timeout ?? "");
    if (timeout !== undefined && timeoutMs === undefined && !timeout.toString().includes("{{")) {
      const text = `expected a length of time such as "30m", found "${timeout}"`;
      problems.add(origin, `${list}.${id}.gate.timeout`, text, "gate.timeout");
    }
    gates.push({ type, ...defined({ awaitId, timeoutMs }) });
  }
  if (waits_for !== undefined) {
    const [, named] = /^children-of\((.+)\)$/.exec(waits_for) ?? [];
    const target = named ?? needs[0] ?? "";
    const how = waits_for === "any-children" ? "any" : "all";
    gates.push({ type: "condition", awaitId: `children(${target}).${how}(status == 'complete')`, needs: [target] });
  }
  for (const awaitId of holdUntil) gates.push({ type: "condition", awaitId });
  for (const { type, awaitId = "" } of gates) {
    if (type !== "condition" || awaitId.includes("{{")) continue;
    const condition = parseRuntimeCondition(awaitId);
    const target = condition && stepOf(condition);
    if (!condition) problems.add(origin, `${list}.${id}.gate`, `expected ${RUNTIME_FORMS}; found "${awaitId}"`, "gate");
    else if (target !== undefined && target !== "step" && !known.has(target) && !step.until) {
      problems.add(origin, `${list}.${id}.gate`, `"${awaitId}" speaks of a step "${target}" that is not there`, "gate");
    }
  }
  return gates;
}

function defined<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}
