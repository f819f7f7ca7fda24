import { BarnacleError } from "@barnacle/protocol/errors";

/** How many of `total` nodes have had a change after each stage: `1`, `25%`, `100%`; the last is always all. @throws INPUT_INVALID */
export function stageEnds(stages: readonly string[], total: number): readonly number[] {
  const ends: number[] = [];
  for (const stage of stages) {
    const [, digits, percent] = /^(\d{1,5})(%?)$/.exec(stage) ?? [];
    const share = Number(digits);
    if (digits === undefined || share === 0 || (percent === "%" && share > 100)) {
      throw new BarnacleError("INPUT_INVALID", `stage "${stage}": a number of nodes (1) or a share (25%) was expected`);
    }
    const end = Math.min(total, percent === "%" ? Math.ceil((total * share) / 100) : share);
    if (end > (ends.at(-1) ?? 0)) ends.push(end);
  }
  if ((ends.at(-1) ?? 0) < total) ends.push(total);
  return ends;
}

/** The stage of the node at this place. */
export function stageOf(place: number, ends: readonly number[]): number {
  return ends.findIndex((end) => place < end);
}
