import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { TYPES } from "@barnacle/protocol/beads";
import { BarnacleError, hasCode, messageOf, systemCode } from "@barnacle/protocol/errors";
import { type CookOptions, cook } from "../cook/cook.ts";
import type { Cooked } from "../cook/cooked.ts";
import type { Subject } from "../cook/hooks.ts";
import type { Formula } from "../language/formula.ts";
import { type Override, readFormula, readOverlay } from "../language/read.ts";
import { Problems } from "../source/problems.ts";
import type { FormulaPlace, FormulaPlaces } from "./places.ts";

const ENDINGS = [".formula.toml", ".formula.json"] as const;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/;

export interface FormulaEntry {
  readonly name: string;
  readonly place: FormulaPlace["place"];
  readonly file: string;
  readonly type?: string;
  readonly version?: number;
  readonly description?: string;
  readonly steps?: number;
  /** It cannot be read; says why. */
  readonly problem?: string;
}

/** A formula by its name, or the text of one that lies nowhere. */
export type FormulaAsked =
  | { readonly name: string }
  | { readonly text: string /** In errors; `.json` at its end means JSON. */; readonly file: string };

export type FormulaTexts = Readonly<Record<string, { readonly text: string; readonly file: string }>>;

/** Formulas of some places, read once for as long as the library lives: one question, one cooking. */
export class FormulaLibrary {
  readonly #places: FormulaPlaces;
  /** Of beads that steps may be. */
  readonly #types: readonly string[];
  readonly #read = new Map<string, Formula>();
  /** What was read, for a template that must stay as it is. */
  readonly #texts = new Map<string, { readonly text: string; readonly file: string }>();

  constructor(places: FormulaPlaces, types: readonly string[] = TYPES) {
    this.#places = places;
    this.#types = types;
  }

  /** Formulas from a template: nothing is looked for elsewhere. */
  static of(texts: FormulaTexts, types?: readonly string[]): FormulaLibrary {
    const library = new FormulaLibrary({ formulas: [], overlays: [] }, types);
    for (const [name, { text, file }] of Object.entries(texts)) {
      library.#texts.set(name, { text, file });
      library.#read.set(name, readFormula(text, file, types));
    }
    return library;
  }

  /** All that was read so far, by name. */
  texts(): FormulaTexts {
    return Object.fromEntries(this.#texts);
  }

  /** Each name once, from the place that wins; files that cannot be read say so. */
  list(): FormulaEntry[] {
    const entries = new Map<string, FormulaEntry>();
    for (const { place, dir } of this.#places.formulas) {
      for (const ending of ENDINGS) {
        for (const file of namesIn(dir).filter((one) => one.endsWith(ending))) {
          const name = file.slice(0, -ending.length);
          if (!entries.has(name)) entries.set(name, this.#entry(name, place, path.join(dir, file)));
        }
      }
    }
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** @throws NOT_FOUND naming the places, FORMULA_INVALID */
  find(name: string): Formula {
    const known = this.#read.get(name);
    if (known) return known;
    const found = NAME.test(name) ? this.fileOf(name) : undefined;
    if (!found) {
      const dirs = [...new Set(this.#places.formulas.map(({ place }) => place))].join(", ");
      const names = this.list().map((entry) => entry.name);
      throw new BarnacleError(
        "NOT_FOUND",
        `no formula "${name.slice(0, 80)}" (looked in ${dirs}); there are ${names.join(", ")}`,
        {
          hint: "`barnacle formula list` shows them with their files.",
        },
      );
    }
    const text = textOf(found.file);
    const formula = readFormula(text, found.file, this.#types);
    if (formula.name !== name) {
      const problems = new Problems();
      problems.add(
        formula.origin,
        "formula",
        `expected "${name}" as the file is called, found "${formula.name}"`,
        "formula",
      );
      problems.throwIfAny();
    }
    this.#read.set(name, formula);
    this.#texts.set(name, { text, file: found.file });
    return formula;
  }

  fileOf(name: string): { readonly place: FormulaPlace["place"]; readonly file: string } | undefined {
    for (const { place, dir } of this.#places.formulas) {
      const names = new Set(namesIn(dir));
      for (const ending of ENDINGS) {
        if (names.has(`${name}${ending}`)) return { place, file: path.join(dir, `${name}${ending}`) };
      }
    }
    return undefined;
  }

  read(asked: FormulaAsked): Formula {
    if ("name" in asked) return this.find(asked.name);
    const formula = readFormula(asked.text, asked.file, this.#types);
    this.#texts.set(formula.name, { text: asked.text, file: asked.file });
    return formula;
  }

  /** @throws NOT_FOUND, FORMULA_INVALID with everything that is wrong */
  cook(
    asked: FormulaAsked,
    options: { readonly vars?: CookOptions["vars"]; readonly asTemplate?: boolean; readonly subject?: Subject } = {},
  ): Cooked {
    const formula = this.read(asked);
    const overrides = this.#overridesOf(formula.name);
    return cook(formula, { ...options, overrides, load: (name) => this.find(name) });
  }

  #overridesOf(name: string): readonly Override[] {
    for (const dir of this.#places.overlays) {
      if (namesIn(dir).includes(`${name}.toml`)) {
        const file = path.join(dir, `${name}.toml`);
        return readOverlay(textOf(file), file);
      }
    }
    return [];
  }

  #entry(name: string, place: FormulaPlace["place"], file: string): FormulaEntry {
    try {
      const formula = this.find(name);
      const { type, version, description, steps, template, legs } = formula;
      return { name, place, file, type, version, description, steps: steps.length + template.length + legs.length };
    } catch (error) {
      if (!hasCode(error, "FORMULA_INVALID", "FILE_UNREADABLE", "NOT_FOUND")) throw error;
      return { name, place, file, problem: messageOf(error) };
    }
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(systemCode(error) ?? "")) return [];
    throw new BarnacleError("FILE_UNREADABLE", `${dir} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new BarnacleError("FILE_UNREADABLE", `${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}
