import type { Random } from "@barnacle/protocol/runtime";
import { demoAppliances, demoHousehold } from "../demo/household.ts";
import { inline } from "./compile.ts";
import { type HomeLanguage, makeLanguage } from "./language.ts";
import { type Expr, parseTemplate } from "./template.ts";

/** The language of the demo household, for tests. */
export function demoLanguage(): HomeLanguage {
  return makeLanguage({ ...demoHousehold, areas: Object.keys(demoHousehold.areas), appliances: demoAppliances });
}

/** Reads a JSGF text without tags into the tree of its public rule; weights are dropped. */
export function parseJsgf(jsgf: string): Expr {
  const rules = new Map<string, Expr>();
  let main = "";
  for (const [, visibility, name = "", body = ""] of jsgf.matchAll(/(public)?\s*<([a-z_]+)>\s*=\s*([^;]*);/g)) {
    rules.set(name, parseTemplate(body.replaceAll(/\/[\d.]+\//g, "")));
    if (visibility) main = name;
  }
  return inline({ kind: "rule", name: main }, rules, []);
}

/** One sentence of a grammar, drawn at random. */
export function drawSentence(expr: Expr, random: Random): string {
  return draw(expr).join(" ");

  function draw(part: Expr): string[] {
    switch (part.kind) {
      case "word":
        return [part.word];
      case "optional":
        return random.unit() < 0.5 ? draw(part.item) : [];
      case "sequence":
        return part.items.flatMap(draw);
      case "choice":
        return draw(part.items[Math.floor(random.unit() * part.items.length)] as Expr);
      default:
        return [];
    }
  }
}

/** Every sentence of a grammar; only for small ones. */
export function allSentences(expr: Expr): string[] {
  return [...new Set(all(expr).map((words) => words.join(" ")))];

  function all(part: Expr): string[][] {
    switch (part.kind) {
      case "word":
        return [[part.word]];
      case "optional":
        return [[], ...all(part.item)];
      case "choice":
        return part.items.flatMap(all);
      case "sequence":
        return part.items
          .map(all)
          .reduce((heads, tails) => heads.flatMap((head) => tails.map((tail) => [...head, ...tail])), [[]]);
      default:
        return [];
    }
  }
}

/** Whether a grammar holds exactly this sentence. */
export function accepts(expr: Expr, sentence: string): boolean {
  const words = sentence.split(" ");
  return ends(expr, 0).has(words.length);

  function ends(part: Expr, at: number): Set<number> {
    switch (part.kind) {
      case "word":
        return new Set(words[at] === part.word ? [at + 1] : []);
      case "optional":
        return ends(part.item, at).add(at);
      case "choice":
        return new Set(part.items.flatMap((item) => [...ends(item, at)]));
      case "sequence": {
        let places = new Set([at]);
        for (const item of part.items) places = new Set([...places].flatMap((place) => [...ends(item, place)]));
        return places;
      }
      default:
        return new Set();
    }
  }
}
