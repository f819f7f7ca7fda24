import type { BeadRecord } from "@barnacle/protocol/beads";
import type { CookedOnComplete, CookedStep, CookedUntil } from "../cook/cooked.ts";

/** What a bead of a molecule keeps for it, under `metadata.formula`. */
export interface FormulaPart {
  /** The step's id in the formula. */
  readonly step?: string | undefined;
  readonly interactive?: boolean | undefined;
  /** The step that the gate holds back. */
  readonly gateOf?: string | undefined;
  readonly until?: (CookedUntil & { readonly round: number }) | undefined;
  readonly itemsOf?: string | undefined;
  readonly onComplete?: CookedOnComplete | undefined;
}

/** The same of a root. */
export interface RootPart {
  readonly version: number;
  readonly vars: Readonly<Record<string, string>>;
  readonly file: string;
  readonly attachedTo?: string;
  readonly output?: Readonly<Record<string, string>>;
  /** Steps that are no beads. */
  readonly steps?: readonly CookedStep[];
  readonly done?: readonly string[];
  /** The step whose item this molecule is. */
  readonly itemOf?: string;
}

export function partOf({ metadata }: BeadRecord): FormulaPart {
  return ((metadata as { formula?: FormulaPart } | undefined)?.formula ?? {}) as FormulaPart;
}

export function rootPart({ metadata }: BeadRecord): RootPart | undefined {
  const part = (metadata as { formula?: RootPart } | undefined)?.formula;
  return part && "vars" in part ? part : undefined;
}

/** What a step gave, for conditions and for each of its items. */
export function outputOf({ metadata }: BeadRecord): unknown {
  return (metadata as { output?: unknown } | undefined)?.output;
}
