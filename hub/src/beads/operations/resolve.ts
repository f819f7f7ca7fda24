import { toBarnacleError } from "@barnacle/protocol/errors";
import { BeadReads } from "../reads.ts";
import type { BeadWriter } from "../writer.ts";

/** Parts of ids to whole ones. */
export type Resolve = (part: string) => string;

export function resolver(writer: BeadWriter): Resolve {
  const reads = new BeadReads(writer.sql, () => writer.now);
  return (part) => reads.resolve(part);
}

/** The end of an edge may be another project's. */
export function orElsewhere(resolve: Resolve, part: string): string {
  try {
    return resolve(part);
  } catch (error) {
    if (toBarnacleError(error).code === "BEAD_UNKNOWN") return part;
    throw error;
  }
}
