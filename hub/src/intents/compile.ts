import { BarnacleError } from "@barnacle/protocol/errors";
import type { IntentFamily } from "./sentences/index.ts";
import { type Expr, parseTemplate } from "./template.ts";
import type { SlotValue } from "./vocabulary.ts";

/** One wording, parsed, with its rules put in their places: no `rule` is left in `expr`. */
export interface Sentence {
  readonly intent: string;
  readonly slots: Readonly<Record<string, SlotValue>>;
  readonly expr: Expr;
  /** Part of the recogniser's grammar. */
  readonly spoken: boolean;
}

/** Parses every template of `families`. @throws INPUT_INVALID for a template or rule that does not fit */
export function compileSentences(families: readonly IntentFamily[]): Sentence[] {
  return families.flatMap((family) => {
    const rules = new Map(Object.entries(family.rules).map(([name, text]) => [name, parseTemplate(text)]));
    const compiled = (template: string) => inline(parseTemplate(template), rules, []);
    return family.intents.flatMap(({ intent, slots = {}, say, type = [] }) => [
      ...say.map((template) => ({ intent, slots, expr: compiled(template), spoken: true })),
      ...type.map((template) => ({ intent, slots, expr: compiled(template), spoken: false })),
    ]);
  });
}

/** Replaces rule references by what they stand for. @throws INPUT_INVALID for an unknown rule or one that holds itself */
export function inline(expr: Expr, rules: ReadonlyMap<string, Expr>, within: readonly string[]): Expr {
  switch (expr.kind) {
    case "word":
    case "slot":
      return expr;
    case "optional":
      return { kind: "optional", item: inline(expr.item, rules, within) };
    case "rule": {
      const rule = rules.get(expr.name);
      if (!rule) throw new BarnacleError("INPUT_INVALID", `sentence template: no rule <${expr.name}>`);
      if (within.includes(expr.name)) {
        throw new BarnacleError("INPUT_INVALID", `sentence template: rule <${expr.name}> holds itself`);
      }
      return inline(rule, rules, [...within, expr.name]);
    }
    default:
      return { kind: expr.kind, items: expr.items.map((item) => inline(item, rules, within)) };
  }
}
