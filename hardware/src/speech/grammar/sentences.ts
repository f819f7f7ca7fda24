import type { Expansion, Jsgf } from "./jsgf.ts";

/** Every word of the grammar, once. */
export function grammarWords(grammar: Jsgf): Set<string> {
  const words = new Set<string>();
  const visit = (expansion: Expansion): void => {
    if (expansion.kind === "word") words.add(expansion.word);
    else if (expansion.kind === "sequence") expansion.parts.forEach(visit);
    else if (expansion.kind === "choice") expansion.options.forEach(visit);
    else if (expansion.kind !== "rule") visit(expansion.part);
  };
  for (const body of grammar.rules.values()) visit(body);
  return words;
}

/** Whether `text` (words and single spaces) is a whole sentence of the grammar. */
export function isSentence(grammar: Jsgf, text: string): boolean {
  const words = text.split(" ").filter((word) => word !== "");
  return advance(grammar, { kind: "rule", name: grammar.start }, words, new Set([0])).has(words.length);
}

/** Word positions reachable from `from` after matching `expansion`. */
function advance(
  grammar: Jsgf,
  expansion: Expansion,
  words: readonly string[],
  from: ReadonlySet<number>,
): ReadonlySet<number> {
  if (from.size === 0) return from;
  switch (expansion.kind) {
    case "word":
      return new Set([...from].filter((at) => words[at] === expansion.word).map((at) => at + 1));
    case "rule": {
      const body = grammar.rules.get(expansion.name);
      return body ? advance(grammar, body, words, from) : new Set();
    }
    case "sequence":
      return expansion.parts.reduce((at, part) => advance(grammar, part, words, at), from);
    case "choice":
      return new Set(expansion.options.flatMap((option) => [...advance(grammar, option, words, from)]));
    case "optional":
      return new Set([...from, ...advance(grammar, expansion.part, words, from)]);
    case "repeat":
      return repeat(grammar, expansion.part, words, from, expansion.min);
  }
}

function repeat(
  grammar: Jsgf,
  part: Expansion,
  words: readonly string[],
  from: ReadonlySet<number>,
  min: 0 | 1,
): ReadonlySet<number> {
  const reached = new Set<number>(min === 0 ? from : []);
  let fresh = from;
  while (fresh.size > 0) {
    fresh = new Set([...advance(grammar, part, words, fresh)].filter((at) => !reached.has(at)));
    for (const at of fresh) reached.add(at);
  }
  return reached;
}

/** Every sentence of the grammar; undefined when there are more than `limit`, or no end of them. */
export function expand(grammar: Jsgf, limit: number): string[] | undefined {
  const all = expandPart(grammar, { kind: "rule", name: grammar.start }, limit);
  return all && [...new Set(all.filter((sentence) => sentence !== ""))];
}

function expandPart(grammar: Jsgf, expansion: Expansion, limit: number): string[] | undefined {
  switch (expansion.kind) {
    case "word":
      return [expansion.word];
    case "rule": {
      const body = grammar.rules.get(expansion.name);
      return body && expandPart(grammar, body, limit);
    }
    case "optional": {
      const part = expandPart(grammar, expansion.part, limit);
      return part && ["", ...part];
    }
    case "choice": {
      const options = expansion.options.map((option) => expandPart(grammar, option, limit));
      const all = options.every((option) => option !== undefined) ? options.flat() : undefined;
      return all && all.length <= limit ? all : undefined;
    }
    case "sequence": {
      let heads: string[] = [""];
      for (const part of expansion.parts) {
        const tails = expandPart(grammar, part, limit);
        if (!tails || heads.length * tails.length > limit) return undefined;
        heads = heads.flatMap((head) => tails.map((tail) => `${head} ${tail}`.trim()));
      }
      return heads;
    }
    case "repeat":
      return undefined;
  }
}
