import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../../beads/index.ts";
import { BeadReads } from "../../beads/reads.ts";
import { rootPart } from "./part.ts";
import { beadsBelow, progressOf } from "./progress.ts";
import { forgotten } from "./wisps.ts";

export interface Digest {
  readonly digest: string;
  readonly removed: readonly string[];
}

/**
 * A wisp is replaced by one closed bead that says what was done.
 * @throws BEAD_REFUSED when it is a kept molecule, or steps are open and it is not forced
 */
export function squash(
  writer: BeadWriter,
  id: string,
  { summary, force = false }: { readonly summary?: string | undefined; readonly force?: boolean | undefined } = {},
): Digest {
  const { bead } = writer.need(id);
  if (!rootPart(bead)) throw new BarnacleError("BEAD_REFUSED", `${id} is no molecule`);
  if (!bead.ephemeral) throw new BarnacleError("BEAD_REFUSED", `${id} is kept as it is; only wisps are squashed`);
  const view = progressOf(writer.sql, new BeadReads(writer.sql, () => writer.now), id);
  const open = view.steps.filter(({ state }) => state !== "done");
  if (open.length > 0 && bead.status !== "closed" && !force) {
    const names = open.map(({ step }) => step).join(", ");
    throw new BarnacleError("BEAD_REFUSED", `${id} is not done: ${names} (--force squashes it all the same)`);
  }
  const lines = view.steps.map(({ title, state }) => `- ${state === "done" ? "[x]" : "[ ]"} ${title}`);
  const digest = writer.create({
    title: `Digest: ${bead.title}`.slice(0, 500),
    description: [summary, lines.join("\n")].filter((text) => text).join("\n\n"),
    ...{ status: "closed", close_reason: "Squashed", labels: ["digest"], source_formula: bead.source_formula },
    metadata: { digest: { of: id, formula: view.formula, completed: view.completed, total: view.total } },
  });
  const attachedTo = rootPart(bead)?.attachedTo;
  if (attachedTo !== undefined && writer.find(attachedTo)) writer.update(attachedTo, { attached_molecule: digest.id });
  return { digest: digest.id, removed: gone(writer, bead) };
}

/**
 * Without a trace but its events. Kept molecules only when forced, and their lines stay as tombstones.
 * @throws BEAD_REFUSED
 */
export function burn(
  writer: BeadWriter,
  id: string,
  { force = false }: { readonly force?: boolean | undefined } = {},
): string[] {
  const { bead } = writer.need(id);
  if (!rootPart(bead)) throw new BarnacleError("BEAD_REFUSED", `${id} is no molecule`);
  if (!bead.ephemeral && !force) {
    throw new BarnacleError("BEAD_REFUSED", `${id} is kept as it is (--force burns it all the same)`);
  }
  const attachedTo = rootPart(bead)?.attachedTo;
  if (attachedTo !== undefined && writer.find(attachedTo)?.attached_molecule === id) detach(writer, attachedTo);
  return gone(writer, bead);
}

function gone(writer: BeadWriter, root: BeadRecord): string[] {
  const ids = [...beadsBelow(writer.sql, root.id).map(({ id }) => id), root.id];
  for (const id of ids) {
    if (root.ephemeral) writer.purge(id);
    else writer.delete(id, "burned");
  }
  forgotten(writer.sql, root.id);
  return ids;
}

/** The bead is done by no molecule any more; the molecule stays. @returns what was attached */
export function detach(writer: BeadWriter, bead: string): string | undefined {
  const attached = writer.need(bead).bead.attached_molecule;
  writer.update(bead, { attached_molecule: null, attached_formula: null, attached_at: null, attached_vars: null });
  return typeof attached === "string" ? attached : undefined;
}
