import { systemClock } from "@barnacle/protocol/runtime";
import { Git } from "./git.ts";
import { guardOf } from "./guard.ts";
import type { Rig } from "./table.ts";

/** Git for looking: it changes nothing and asks nobody. */
export function lookingGit({ repo, url }: Rig, cwd = repo): Git {
  const surroundings = { clock: systemClock, env: process.env };
  return new Git({ ...surroundings, cwd, guard: guardOf(new Git({ ...surroundings, cwd: "/" }), repo, url) });
}
