import { BarnacleError } from "@barnacle/protocol/errors";
import { DEFAULT_PREFIX } from "../../beads/beads.ts";
import type { BeadWriter } from "../../beads/index.ts";
import { rootPart } from "./part.ts";

export const BONDS = ["sequential", "parallel", "conditional"] as const;
export type Bond = (typeof BONDS)[number];

export interface Bonded {
  readonly id: string;
  readonly bond: Bond;
  readonly parts: readonly string[];
}

/**
 * Two molecules under a new root: the second after the first, beside it, or only if the first fails.
 * @throws BEAD_REFUSED when one is no molecule, is closed, or is a part of another already
 */
export function bond(writer: BeadWriter, first: string, second: string, kind: Bond, title?: string): Bonded {
  const beads = [first, second].map((id) => {
    const { bead } = writer.need(id);
    if (!rootPart(bead)) throw new BarnacleError("BEAD_REFUSED", `${id} is no molecule`);
    if (bead.status === "closed" || bead.status === "tombstone") {
      throw new BarnacleError("BEAD_REFUSED", `${id} is ${bead.status}; a molecule that ended cannot be bonded`);
    }
    const parent = (bead.dependencies ?? []).find(({ type }) => type === "parent-child");
    if (parent) throw new BarnacleError("BEAD_REFUSED", `${id} is a part of ${parent.depends_on_id} already`);
    return bead;
  });
  if (first === second) throw new BarnacleError("BEAD_REFUSED", `${first} cannot be bonded to itself`);
  const [a, b] = beads as [(typeof beads)[number], (typeof beads)[number]];
  const ephemeral = a.ephemeral && b.ephemeral;
  const root = writer.create({
    title:
      title ?? `${a.title} ${{ sequential: "→", parallel: "+", conditional: "else" }[kind]} ${b.title}`.slice(0, 500),
    ...{ issue_type: "molecule", mol_type: "work", source_formula: "bond", ...(ephemeral ? { ephemeral: true } : {}) },
    bonded_from: [first, second].map((source_id) => ({ source_id, bond_type: kind })),
    metadata: { formula: { version: 1, vars: {}, file: "" } },
    ...{ prefix: `${writer.settings.prefix ?? DEFAULT_PREFIX}-mol`, idLength: 5 },
  });
  for (const id of [first, second]) writer.addDependency(id, root.id, "parent-child");
  if (kind === "sequential") writer.addDependency(second, first, "blocks");
  if (kind === "conditional") writer.addDependency(second, first, "conditional-blocks");
  return { id: root.id, bond: kind, parts: [first, second] };
}
