import { BarnacleError } from "@barnacle/protocol/errors";
import { BeadReads, type BeadView } from "../reads.ts";
import type { BeadWriter, NewBead } from "../writer.ts";
import { orElsewhere, type Resolve, resolver } from "./resolve.ts";

export interface CreateBead extends NewBead {
  /** Beads that wait for this one from then on. */
  readonly blocks?: readonly string[];
}

export interface CreateMany {
  readonly beads: readonly (CreateBead & {
    /** How the others of the call name it, as a parent or as what they depend on. */
    readonly as?: string;
  })[];
}

/** @returns its id */
export function createOne(writer: BeadWriter, bead: CreateBead, resolve: Resolve): string {
  const { parent, dependencies, blocks = [], ...rest } = bead;
  const { id } = writer.create({
    ...rest,
    ...(parent === undefined ? {} : { parent: resolve(parent) }),
    ...(dependencies === undefined
      ? {}
      : { dependencies: dependencies.map((edge) => ({ ...edge, on: orElsewhere(resolve, edge.on) })) }),
  });
  for (const one of blocks) writer.addDependency(resolve(one), id);
  return id;
}

/** Edges are drawn when all are there, so that the order of a plan does not matter. @throws INPUT_INVALID, and what creating throws */
export function createMany(writer: BeadWriter, beads: CreateMany["beads"]): BeadView[] {
  const names = new Map<string, string>();
  const known = resolver(writer);
  const resolve: Resolve = (part) => names.get(part) ?? known(part);
  const ids: string[] = [];
  for (const bead of parentsFirst(beads)) {
    const { as, dependencies: _, blocks: __, ...rest } = bead;
    const id = createOne(writer, rest, resolve);
    ids[beads.indexOf(bead)] = id;
    if (as === undefined) continue;
    if (names.has(as)) throw new BarnacleError("INPUT_INVALID", `as: "${as}" is there twice`);
    names.set(as, id);
  }
  for (const [i, { dependencies = [], blocks = [] }] of beads.entries()) {
    const id = ids[i] ?? "";
    for (const { on, kind, metadata } of dependencies)
      writer.addDependency(id, orElsewhere(resolve, on), kind, metadata);
    for (const one of blocks) writer.addDependency(resolve(one), id);
  }
  const reads = new BeadReads(writer.sql, () => writer.now);
  return ids.map((id) => reads.get(id));
}

function parentsFirst(beads: CreateMany["beads"]): CreateMany["beads"] {
  const sorted: CreateMany["beads"][number][] = [];
  const open = new Set<CreateMany["beads"][number]>();
  const visit = (bead: CreateMany["beads"][number]): void => {
    if (sorted.includes(bead)) return;
    if (open.has(bead)) throw new BarnacleError("BEAD_CYCLE", `"${bead.as}" is below itself`);
    open.add(bead);
    const parent = beads.find(({ as }) => as !== undefined && as === bead.parent);
    if (parent) visit(parent);
    sorted.push(bead);
  };
  for (const bead of beads) visit(bead);
  return sorted;
}
