import { DEFAULT_PREFIX } from "../../beads/beads.ts";
import type { BeadWriter } from "../../beads/index.ts";
import type { Cooked } from "../cook/cooked.ts";
import type { FormulaTexts } from "../library/library.ts";

/** One bead that keeps a formula with all that it is made of, placeholders untouched. */
export function makeTemplate(
  writer: BeadWriter,
  cooked: Cooked,
  texts: FormulaTexts,
  title?: string,
): { readonly id: string; readonly formula: string; readonly steps: number } {
  const { id } = writer.create({
    title: title ?? `Template: ${cooked.formula}`,
    ...(cooked.description === "" ? {} : { description: cooked.description }),
    ...{ issue_type: "molecule", mol_type: "template", is_template: true, labels: ["template"] },
    source_formula: cooked.formula,
    metadata: { template: { name: cooked.formula, texts } },
    ...{ prefix: `${writer.settings.prefix ?? DEFAULT_PREFIX}-mol`, idLength: 5 },
  });
  return { id, formula: cooked.formula, steps: cooked.steps.length };
}
