import path from "node:path";
import type { ConvoyMaker } from "../formulas/index.ts";
import { Formulas } from "../formulas/index.ts";
import type { TownBase } from "./part.ts";

/** Formulas, with their ways to the other parts. */
export function formulaParts(base: TownBase, convoys: ConvoyMaker): Formulas {
  const outside = { filesBelow: path.join(base.store.stateDir, "formula-files"), env: process.env };
  return new Formulas({ ...base, convoys, outside });
}
