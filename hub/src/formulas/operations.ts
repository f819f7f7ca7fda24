import { BarnacleError, hasCode } from "@barnacle/protocol/errors";
import type { TownCall, TownReading, TownWrite } from "../town/operations.ts";
import { type Asked, type CookRequest, cookIn, libraryFor } from "./cooking.ts";
import { type Bond, bond } from "./molecules/bond.ts";
import { distill } from "./molecules/distill.ts";
import { moleculesOf } from "./molecules/lists.ts";
import { rootPart } from "./molecules/part.ts";
import { attach, type PourOptions, pour } from "./molecules/pour.ts";
import { currentMoleculeOf, moleculeOf, progressOf } from "./molecules/progress.ts";
import { burn, detach, squash } from "./molecules/remove.ts";
import { type StepDone, stepDone } from "./molecules/steps.ts";
import { makeTemplate } from "./molecules/template.ts";
import type { FormulaProblem } from "./source/problems.ts";

/** Which formula: its name (or a template's id), or a text with the name of its file. */
export interface Source {
  readonly name?: string;
  readonly text?: string;
  readonly file?: string;
  readonly rig?: string;
}

type CookParams = Source & Omit<CookRequest, "rig">;

export interface PourParams extends CookParams {
  readonly ephemeral?: boolean;
  readonly rootOnly?: boolean;
  readonly title?: string;
  readonly prefix?: string;
  readonly assignee?: string;
  /** The bead that it is for: `attached_molecule` is set there, and its labels decide over hooks of the formula. */
  readonly attachTo?: string;
  readonly wispClass?: PourOptions["wispClass"];
  readonly key?: string;
}

/** @throws INPUT_INVALID */
function askedOf({ name, text, file = "formula.toml" }: Source): Asked {
  if (text !== undefined && name === undefined) return { text, file };
  if (name !== undefined && text === undefined) return { name };
  throw new BarnacleError("INPUT_INVALID", "expected the name of a formula, or its text, one of both");
}

export const READS = {
  list: (reading: TownReading, { rig }: Source) => libraryFor(reading, rig).list(),
  /** As it is written, with its variables and the steps that it would have. */
  show: (reading: TownReading, params: Source) => {
    const asked = askedOf(params);
    const library = libraryFor(reading, params.rig);
    const formula = library.read(asked);
    const vars = [...formula.vars].map(([name, { origin: _, ...variable }]) => ({ name, ...variable }));
    const place = "name" in asked ? library.fileOf(asked.name) : undefined;
    const { name, version, type, description, extends: parents, phase, pour } = formula;
    return {
      ...{ name, version, type, description, ...place, vars },
      ...(parents.length > 0 ? { extends: parents } : {}),
      ...(phase === undefined ? {} : { phase }),
      ...{ pour, cooked: cookIn(reading, asked, { rig: params.rig, asTemplate: true }) },
    };
  },
  /** One formula, or all that are found: everything that is wrong. */
  check: (reading: TownReading, params: Source) => {
    const library = libraryFor(reading, params.rig);
    const all = params.name === undefined && params.text === undefined;
    const asked = all ? library.list().map(({ name }) => ({ name })) : [askedOf(params)];
    return asked.map((one) => {
      const what = "name" in one ? one.name : one.file;
      try {
        const { formula, steps } = cookIn(reading, one, { rig: params.rig, asTemplate: true });
        return { formula, ok: true, steps: steps.length, problems: [] };
      } catch (error) {
        if (!hasCode(error, "FORMULA_INVALID")) throw error;
        const { problems = [] } = (error.details ?? {}) as { problems?: readonly FormulaProblem[] };
        return { formula: what, ok: false, problems: problems.length > 0 ? problems : [{ expected: error.message }] };
      }
    });
  },
  cook: (reading: TownReading, params: CookParams) => cookIn(reading, askedOf(params), params),
  /** Also of a step, or of the bead that the molecule is for. */
  progress: ({ sql, reads }: TownReading, { id }: { readonly id: string }) =>
    progressOf(sql, reads, moleculeOf(reads, id)),
  /** Of what somebody works on; `null` when there is none. */
  current: ({ sql, reads }: TownReading, { id, who }: { readonly id?: string; readonly who?: string }) => {
    if (id === undefined && who === undefined) throw new BarnacleError("INPUT_INVALID", "expected id or who");
    const found = id === undefined ? currentMoleculeOf(sql, reads, who ?? "") : moleculeOf(reads, id);
    return found === undefined ? null : progressOf(sql, reads, found);
  },
  molecules: moleculesOf,
  distill: (
    { reads }: TownReading,
    params: { readonly id: string; readonly name: string; readonly vars?: Record<string, string> },
  ) => ({
    name: params.name,
    text: distill(reads, reads.resolve(params.id), params.name, params.vars),
  }),
} as const;

function write<P>(run: (call: TownCall, params: P) => Promise<unknown>): TownWrite {
  return { alone: true, run };
}

/** Whole ids of a call's parts. */
function whole({ town }: TownCall, part: string): string {
  return moleculeOf(town.beads.reads, part);
}

export const WRITES: Readonly<Record<string, TownWrite>> = {
  pour: write<PourParams>(async ({ town, who }, params) => {
    const { attachTo, ephemeral, vars, rig, subject } = params;
    const bead = attachTo === undefined ? undefined : town.beads.reads.resolve(attachTo);
    const cooked = await town.formulas.cook(askedOf(params), { vars, rig, subject: bead ?? subject });
    const { rootOnly, title, prefix, assignee, wispClass, key } = params;
    const kind = ephemeral === undefined ? {} : { kind: ephemeral ? ("wisp" as const) : ("molecule" as const) };
    return town.formulas.write(who, "poured", (writer) =>
      pour(writer, { cooked, ...kind, rootOnly, title, prefix, assignee, attachTo: bead, wispClass, key }),
    );
  }),
  /** Beads for the legs of a convoy formula and their convoy; of another type, as `pour`. */
  run: write<PourParams>(async (call, params) => {
    const { town, who } = call;
    const cooked = await town.formulas.cook(askedOf(params), params);
    if (cooked.type === "convoy") return town.formulas.run(who, cooked, params);
    return WRITES.pour?.run(call, params);
  }),
  /** A template bead: poured later as it is now, whatever becomes of the files. */
  persist: write<CookParams & { readonly title?: string }>(async ({ town, who }, params) => {
    const reading = town.reading();
    const library = libraryFor(reading, params.rig);
    const cooked = library.cook(askedOf(params), { asTemplate: true });
    return town.formulas.write(who, "templated", (writer) =>
      makeTemplate(writer, cooked, library.texts(), params.title),
    );
  }),
  stepDone: write<StepDone>(async ({ town, who }, params) => {
    const root = await town.formulas.write(who, "step", (writer) => stepDone(writer, params));
    return progressOf(town.reading().sql, town.beads.reads, root);
  }),
  attach: write<{ readonly id: string; readonly molecule: string }>(async (call, { id, molecule }) => {
    const { town, who } = call;
    const root = whole(call, molecule);
    await town.formulas.write(who, "attached", (writer) => {
      const { bead } = writer.need(root);
      const part = rootPart(bead);
      attach(writer, town.beads.reads.resolve(id), root, {
        formula: bead.source_formula ?? "",
        vars: part?.vars ?? {},
      });
      writer.setMetadata(root, { formula: { ...part, attachedTo: town.beads.reads.resolve(id) } });
      return root;
    });
    return progressOf(town.reading().sql, town.beads.reads, root);
  }),
  detach: write<{ readonly id: string }>(async ({ town, who }, { id }) => {
    const bead = town.beads.reads.resolve(id);
    const detached = await town.beads.write(who, (writer) => detach(writer, bead) ?? null);
    return { id: bead, detached };
  }),
  squash: write<{ readonly id: string; readonly summary?: string; readonly force?: boolean }>(async (call, params) => {
    const root = whole(call, params.id);
    const { digest, removed } = await call.town.formulas.write(call.who, "squashed", (writer) => ({
      id: root,
      ...squash(writer, root, params),
    }));
    return { id: root, digest, removed };
  }),
  burn: write<{ readonly id: string; readonly force?: boolean }>(async (call, params) => {
    const root = whole(call, params.id);
    return call.town.formulas.write(call.who, "burned", (writer) => ({
      id: root,
      removed: burn(writer, root, params),
    }));
  }),
  /** Molecules, or formulas that are poured first. */
  bond: write<{
    readonly first: string;
    readonly second: string;
    readonly bond?: Bond;
    readonly title?: string;
    readonly vars?: Readonly<Record<string, string>>;
    readonly rig?: string;
  }>(async ({ town, who }, { first, second, bond: kind = "sequential", title, vars, rig }) => {
    const sides = await Promise.all(
      [first, second].map(async (name) => {
        const bead = town.beads.reads.find(name);
        if (bead && !bead.is_template) return name;
        return town.formulas.cook({ name }, { vars, rig });
      }),
    );
    return town.formulas.write(who, "bonded", (writer) => {
      const [a = "", b = ""] = sides.map((side) =>
        typeof side === "string" ? side : pour(writer, { cooked: side }).id,
      );
      return bond(writer, a, b, kind, title);
    });
  }),
  /** Judges what molecules wait for, and burns wisps whose time is over. */
  settle: write<object>(async ({ town }) => ({
    ...(await town.formulas.check()),
    expired: await town.formulas.expire(),
  })),
};
