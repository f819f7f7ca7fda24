import type { Cooked, MoleculeView, Poured, StepState } from "../../formulas/index.ts";
import type { MoleculeRow } from "../../formulas/molecules/lists.ts";
import type { Style } from "../output.ts";
import { oneLine, type TableColumn } from "../table.ts";

const MARKS: Readonly<Record<StepState, string>> = { done: "✓", current: "▶", ready: "○", blocked: "‖", pending: "·" };

/** A molecule with its steps, for a person. */
export function moleculeText(view: MoleculeView, style: Style): string {
  const { molecule_id, title, status, kind, formula, completed, total, percent, steps, gates } = view;
  const width = Math.max(0, ...steps.map(({ id, step }) => (id ?? step).length));
  const lines = steps.map(({ id, step, title, state, assignee }) => {
    const text = `  ${MARKS[state]} ${(id ?? step).padEnd(width)}  ${oneLine(title)}${assignee ? `  ${assignee}` : ""}`;
    return state === "done" ? style.dim(text) : state === "current" ? style.yellow(text) : text;
  });
  return [
    `${style.bold(molecule_id)}  ${oneLine(title)}`,
    style.dim(`${kind} of ${formula}, ${status}, ${completed} of ${total} done (${percent} %)`),
    ...lines,
    ...gates.map(({ id, await_type, await_id = "" }) =>
      style.dim(`  waits: ${id}  ${await_type} ${await_id}`.trimEnd()),
    ),
  ].join("\n");
}

export function cookedText({ formula, type, description, steps, open }: Cooked, style: Style): string {
  const lines = steps.map(({ id, parent, title, needs, gates = [] }) => {
    const after = [...needs, ...gates.map((gate) => `${gate.type} ${gate.awaitId ?? ""}`.trim())];
    return `  ${parent === undefined ? "" : "  "}${style.bold(id)}  ${oneLine(title)}${after.length > 0 ? style.dim(`  after ${after.join(", ")}`) : ""}`;
  });
  return [
    `${style.bold(formula)}  ${type}, ${steps.length} steps`,
    ...(description === "" ? [] : [style.dim(description.trim())]),
    ...lines,
    ...(open.length > 0 ? [style.yellow(`no value yet: ${open.join(", ")}`)] : []),
  ].join("\n");
}

export function pouredText({ id, kind, formula, steps }: Poured, style: Style): string {
  const lines = steps.map((step) => `  ${step.id}  ${step.step}`);
  return [`${style.bold(id)}  ${kind} of ${formula}`, ...lines].join("\n");
}

export const MOLECULES: readonly TableColumn<MoleculeRow>[] = [
  { title: "id", value: ({ molecule_id }) => molecule_id },
  { title: "kind", value: ({ kind }) => kind },
  { title: "formula", value: ({ formula }) => formula },
  { title: "done", value: ({ completed, total }) => `${completed}/${total}` },
  { title: "status", value: ({ status }) => status },
  { title: "next", value: ({ current_step_id }) => current_step_id },
  { title: "title", value: ({ title }) => title },
];
