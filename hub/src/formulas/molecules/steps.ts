import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../../beads/index.ts";
import { BeadReads } from "../../beads/reads.ts";
import { partOf, rootPart } from "./part.ts";
import { beadsBelow, checklist, moleculeOf } from "./progress.ts";
import { touched } from "./wisps.ts";

export interface StepDone {
  /** A step's bead, or the molecule (or what it is for) together with `step`. */
  readonly id: string;
  readonly step?: string | undefined;
  /** What it gave, for conditions and loops. */
  readonly output?: unknown;
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
}

/** Marks one step as done; the last one closes the molecule. @throws NOT_FOUND, BEAD_REFUSED saying what stands against it */
export function stepDone(writer: BeadWriter, { id, step, output, reason, force }: StepDone): string {
  const reads = new BeadReads(writer.sql, () => writer.now);
  const root = moleculeOf(reads, id);
  touched(writer.sql, root, writer.now);
  const { bead } = writer.need(root);
  if (rootPart(bead)?.steps) {
    tick(writer, bead, step, force ?? false);
    return root;
  }
  const found = stepBead(writer, root, step ?? reads.resolve(id));
  if (output !== undefined) writer.setMetadata(found.id, { output });
  writer.closing.close(found.id, { reason: reason ?? "Done", force });
  return root;
}

/** @throws NOT_FOUND naming the steps that there are */
export function stepBead(writer: BeadWriter, root: string, step: string): BeadRecord {
  const beads = beadsBelow(writer.sql, root).filter(({ issue_type }) => issue_type !== "gate");
  const found = beads.find((bead) => bead.id === step || partOf(bead).step === step);
  if (found) return found;
  const names = beads.map((bead) => partOf(bead).step ?? bead.id).join(", ");
  throw new BarnacleError("NOT_FOUND", `${root} has no step "${step}"; it has ${names}`);
}

function tick(writer: BeadWriter, root: BeadRecord, step: string | undefined, force: boolean): void {
  const steps = checklist(root);
  const open = steps.filter(({ state }) => state !== "done");
  const wanted = step ?? (open.length === 1 ? open[0]?.step : undefined);
  const found = steps.find((one) => one.step === wanted);
  if (!found) {
    const which = wanted === undefined ? "say which step" : `it has no step "${wanted}"`;
    throw new BarnacleError("NOT_FOUND", `${root.id}: ${which}; there are ${steps.map((one) => one.step).join(", ")}`);
  }
  if (found.state === "done") return;
  if (found.state === "pending" && !force) {
    const needs = (found.needs ?? []).filter((id) => steps.find((one) => one.step === id)?.state !== "done");
    throw new BarnacleError("BEAD_REFUSED", `${found.step} is not done: it needs ${needs.join(", ")} first (--force)`);
  }
  const part = rootPart(root);
  writer.setMetadata(root.id, { formula: { ...part, done: [...(part?.done ?? []), found.step] } });
  if (open.length > 1) return;
  writer.closing.close(root.id, { reason: "All steps done", force: true });
}
