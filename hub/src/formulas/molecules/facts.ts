import { existsSync } from "node:fs";
import path from "node:path";
import { type BeadRecord, saysFailure } from "@barnacle/protocol/beads";
import type { BeadReads, Sql } from "../../beads/index.ts";
import type { RuntimeFacts } from "./condition.ts";
import { outputOf, partOf, rootPart } from "./part.ts";
import { beadsBelow } from "./progress.ts";

/** Of the environment, only what was set for this. */
const ENV_PREFIX = "BARNACLE_FORMULA_";

export interface Outside {
  /** Files are looked for below it; absent: none is there. */
  readonly filesBelow?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What the conditions of one molecule look at. `own` is the step that asks, `within` the round of a loop that it stands in. */
export function factsOf(
  sql: Sql,
  reads: BeadReads,
  root: string,
  { own, within }: { readonly own?: string | undefined; readonly within?: string | undefined },
  outside: Outside,
): RuntimeFacts {
  const steps = new Map<string, BeadRecord>();
  for (const bead of beadsBelow(sql, root)) {
    const { step } = partOf(bead);
    if (step !== undefined) steps.set(step, bead);
  }
  const find = (step: string): BeadRecord | undefined => {
    const name = step === "step" && own !== undefined ? own : step;
    return (within === undefined ? undefined : steps.get(`${within}${name}`)) ?? steps.get(name);
  };
  const children = (step: string): BeadRecord[] => {
    const bead = find(step);
    if (!bead) return [];
    const items = reads.children(root).filter((one) => rootPart(one)?.itemOf === bead.id);
    return [...reads.children(bead.id), ...items].filter(({ status }) => status !== "tombstone");
  };
  return {
    status: (step) => statusOf(find(step)),
    output: (step) => {
      const bead = find(step);
      return bead && outputOf(bead);
    },
    children: (step) => children(step).map((bead) => statusOf(bead) ?? ""),
    fileExists: (file) => isBelow(outside.filesBelow, file) && existsSync(path.join(outside.filesBelow ?? "", file)),
    env: (name) => (name.startsWith(ENV_PREFIX) ? outside.env[name] : undefined),
  };
}

function statusOf(bead: BeadRecord | undefined): string | undefined {
  if (!bead) return undefined;
  const { status, close_reason } = bead;
  if (status === "closed") return saysFailure(close_reason) ? "failed" : "complete";
  return status === "in_progress" || status === "hooked" ? "in_progress" : "pending";
}

function isBelow(dir: string | undefined, file: string): boolean {
  if (dir === undefined || path.isAbsolute(file)) return false;
  return !path.relative(dir, path.join(dir, file)).startsWith("..");
}
