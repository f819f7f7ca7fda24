import { BarnacleError } from "@barnacle/protocol/errors";
import type { Git, Rig } from "../rigs/index.ts";

export async function checkout(git: Git, branch: string | undefined, begin: string): Promise<void> {
  const how = branch === undefined ? ["--detach"] : ["--no-track", "-b", branch];
  await git.run(["checkout", "--quiet", ...how, begin, "--"]);
}

export async function baseOf(git: Git, { defaultBranch, name }: Rig, base: string | undefined): Promise<string> {
  const names =
    base === undefined ? [`refs/heads/${defaultBranch}`] : [`refs/heads/${base}`, `refs/remotes/origin/${base}`];
  for (const one of base !== undefined && /^[0-9a-f]{7,64}$/.test(base) ? [...names, base] : names) {
    const commit = await git.commitOf(one);
    if (commit !== undefined) return commit;
  }
  throw new BarnacleError("INPUT_INVALID", `${name} has no branch or commit ${(base ?? defaultBranch).slice(0, 80)}`);
}

export async function freeBranch(git: Git, wanted: string): Promise<string> {
  if (wanted.startsWith("crew/")) return wanted;
  for (let number = 1; ; number++) {
    const branch = number === 1 ? wanted : `${wanted}-${number}`;
    if ((await git.commitOf(`refs/heads/${branch}`)) === undefined) return branch;
  }
}
