import type { Sentence } from "./compile.ts";
import type { Expr } from "./template.ts";
import type { ListValue, Vocabulary } from "./vocabulary.ts";

/**
 * The spoken sentences as JSGF: one public rule, one rule per list, lower-case words only. A wording that needs a list
 * which is empty in this household is left out, or loses its optional part.
 */
export function writeGrammar(sentences: readonly Sentence[], vocabulary: Vocabulary): string {
  const used = new Map<string, string>();
  const bodies = new Set<string>();
  for (const sentence of sentences) {
    const body = sentence.spoken ? write(sentence.expr) : undefined;
    if (body !== undefined) bodies.add(body);
  }
  const lists = [...used].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, body]) => `<${name}> = ${body};`);
  // A grammar without sentences is not JSGF; the void rule is the one that nothing fits.
  const all = bodies.size === 0 ? "<VOID>" : [...bodies].join("\n  | ");
  return `#JSGF V1.0;\ngrammar home;\npublic <s> = ${all};\n${lists.join("\n")}\n`;

  /** Undefined when nothing can be said for `expr`. */
  function write(expr: Expr): string | undefined {
    switch (expr.kind) {
      case "word":
        return expr.word;
      case "optional": {
        const item = write(expr.item);
        return item === undefined ? "" : `[ ${item} ]`;
      }
      case "sequence": {
        const items = expr.items.map(write);
        return items.includes(undefined) ? undefined : items.filter((item) => item !== "").join(" ");
      }
      case "choice": {
        const items = expr.items.map(write).filter((item) => item !== undefined && item !== "");
        if (items.length <= 1) return items[0];
        return `( ${items.join(" | ")} )`;
      }
      case "slot":
        return useList(expr.list);
      case "rule":
        return undefined;
    }
  }

  function useList(name: string): string | undefined {
    const words = vocabulary.get(name)?.values.filter((value) => value.spoken) ?? [];
    if (words.length === 0) return undefined;
    const weighted = words.some(({ weight = 1 }) => weight !== 1);
    const alternative = (value: ListValue) => (weighted ? `/${decimal(value.weight)}/ ${value.words}` : value.words);
    used.set(name, words.map(alternative).join(" | "));
    return `<${name}>`;
  }
}

/** JSGF knows no exponents. */
function decimal(weight = 1): string {
  return weight >= 1e-6 ? String(weight) : weight.toFixed(Math.ceil(-Math.log10(weight)));
}
