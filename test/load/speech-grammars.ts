import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { type Jsgf, parseJsgf } from "@barnacle/hardware/speech";
import { seededRandom } from "@barnacle/protocol/runtime";

/** `home`: the 290 sentences of the bundled recordings' grammar; `house`: the demo household's. */
export type Grammar = "home" | "house";

const ROOT = path.join(import.meta.dirname, "../..");
const texts = new Map<Grammar, string>();

/** A grammar's JSGF. */
export function grammarText(name: Grammar): string {
  const text = texts.get(name) ?? read(name);
  texts.set(name, text);
  return text;
}

function read(name: Grammar): string {
  if (name === "home") return readFileSync(path.join(ROOT, "test/fixtures/audio/home-commands.gram"), "utf8");
  const print = path.join(ROOT, "hub/src/intents/print-grammar.ts");
  return execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", print], { encoding: "utf8" });
}

/** Different sentences of a grammar, none of `except`; the same for the same seed. */
export function drawCommands(name: Grammar, count: number, seed: number, except: ReadonlySet<string>): string[] {
  const grammar = parseJsgf(grammarText(name));
  const random = seededRandom(seed);
  const drawn = new Set<string>();
  while (drawn.size < count) {
    const text = draw(grammar, { kind: "rule", name: grammar.start }, () => random.unit());
    if (!except.has(text)) drawn.add(text);
  }
  return [...drawn];
}

type Expansion = NonNullable<ReturnType<Jsgf["rules"]["get"]>>;

function draw(grammar: Jsgf, expansion: Expansion, unit: () => number): string {
  switch (expansion.kind) {
    case "word":
      return expansion.word;
    case "rule":
      return draw(grammar, grammar.rules.get(expansion.name) as Expansion, unit);
    case "sequence":
      return expansion.parts
        .map((part) => draw(grammar, part, unit))
        .filter(Boolean)
        .join(" ");
    case "choice":
      return draw(grammar, expansion.options[Math.floor(unit() * expansion.options.length)] as Expansion, unit);
    case "optional":
      return unit() < 0.5 ? draw(grammar, expansion.part, unit) : "";
    case "repeat":
      return draw(grammar, expansion.part, unit);
  }
}
