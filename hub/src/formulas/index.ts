/** Formulas and the molecules made of them. Whoever slings one cooks it first, then pours it in his own transaction of beads. */
export type { Cooked, CookedStep } from "./cook/cooked.ts";
export type { Asked, CookRequest } from "./cooking.ts";
export { type ConvoyMaker, Formulas, type FormulasOptions } from "./formulas.ts";
export type { FormulaAsked, FormulaEntry } from "./library/library.ts";
export { type FormulaPlace, placesOf } from "./library/places.ts";
export { type Poured, type PourOptions, pour } from "./molecules/pour.ts";
export {
  currentMoleculeOf,
  type MoleculeView,
  moleculeOf,
  progressOf,
  type StepState,
  type StepView,
} from "./molecules/progress.ts";
export { WISP_CLASSES, type WispClass } from "./molecules/wisps.ts";
