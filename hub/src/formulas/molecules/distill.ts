import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads } from "../../beads/index.ts";

interface Distilled {
  readonly id: string;
  readonly bead: BeadRecord;
  readonly children: readonly Distilled[];
}

/**
 * A formula (TOML) out of work that was done: the parts of an epic or of a molecule become steps, their blockers needs.
 * `vars`: texts that become variables, by the name that they get.
 * @throws BEAD_REFUSED when the bead has no parts
 */
export function distill(
  reads: BeadReads,
  id: string,
  name: string,
  vars: Readonly<Record<string, string>> = {},
): string {
  const root = reads.get(id);
  const names = new Map<string, string>();
  const tree = partsOf(reads, id, names);
  if (tree.length === 0) throw new BarnacleError("BEAD_REFUSED", `${id} has no parts that could become steps`);
  const generic = (text: string) =>
    Object.entries(vars).reduce(
      (left, [one, value]) => (value === "" ? left : left.replaceAll(value, `{{${one}}}`)),
      text,
    );
  const lines = [
    `formula = ${quoted(name)}`,
    "version = 1",
    `description = ${quoted(generic(root.description ?? root.title))}`,
  ];
  for (const [one, value] of Object.entries(vars)) {
    lines.push("", `[vars.${one}]`, `description = ${quoted(`for example ${value}`)}`, "required = true");
  }
  const write = (list: readonly Distilled[], path: string) => {
    for (const { id: step, bead, children } of list) {
      const needs = (bead.dependencies ?? []).flatMap(({ depends_on_id, type }) => {
        const need = type === "blocks" ? names.get(depends_on_id) : undefined;
        return need === undefined ? [] : [need];
      });
      lines.push("", `[[${path}]]`, `id = ${quoted(step)}`, `title = ${quoted(generic(bead.title))}`);
      if (bead.description) lines.push(`description = ${quoted(generic(bead.description))}`);
      if (bead.acceptance_criteria) lines.push(`acceptance = ${quoted(generic(bead.acceptance_criteria))}`);
      if (children.length === 0 && bead.issue_type !== "task") lines.push(`type = ${quoted(bead.issue_type)}`);
      if (bead.priority !== 2) lines.push(`priority = ${bead.priority}`);
      if (bead.labels?.length) lines.push(`labels = [${bead.labels.map(quoted).join(", ")}]`);
      if (needs.length > 0) lines.push(`needs = [${needs.map(quoted).join(", ")}]`);
      write(children, `${path}.children`);
    }
  };
  write(tree, "steps");
  return `${lines.join("\n")}\n`;
}

function partsOf(reads: BeadReads, id: string, names: Map<string, string>): Distilled[] {
  return reads
    .children(id)
    .filter(({ issue_type, status }) => issue_type !== "gate" && status !== "tombstone")
    .map((bead) => {
      const step = freeName(bead.title, new Set(names.values()));
      names.set(bead.id, step);
      return { id: step, bead, children: partsOf(reads, bead.id, names) };
    });
}

function freeName(title: string, taken: ReadonlySet<string>): string {
  const words = title
    .normalize("NFKD")
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  const plain = (words ?? ["step"]).slice(0, 5).join("-").slice(0, 60);
  for (let n = 1; ; n++) {
    const name = n === 1 ? plain : `${plain}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** JSON's escapes are TOML's, but for one character that TOML wants escaped. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007F");
}
