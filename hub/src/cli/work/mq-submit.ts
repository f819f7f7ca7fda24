import { execFileSync } from "node:child_process";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { MergeRequest } from "../../refinery/index.ts";
import type { Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { stateWord } from "./mq-views.ts";

interface SubmitFlags {
  readonly rig?: string;
  readonly commit?: string;
  readonly target?: string;
  readonly bead?: string;
  readonly worker?: string;
  readonly priority?: string;
  readonly preVerified?: string;
  readonly actor?: string;
}

/** `barnacle mq submit`: in a worktree of the rig nothing needs to be said; a worker's environment has the rest. */
export function addSubmit(mq: Command, open: (command: Command) => Session): void {
  named(
    mq,
    "submit [branch]",
    "hands a branch in to be merged; default: the one that is checked out here",
    "barnacle mq submit polecat/toast/hq-1a2 --rig garden --bead hq-1a2",
  )
    .option("--rig <rig>", "default: BARNACLE_RIG, else the first part of the worker's address")
    .option("--commit <sha>", "default: the branch's newest")
    .option("--target <branch>", "default: the epic's integration branch, else the rig's first branch")
    .option("--bead <id>", "whose work it is; closed when it is merged (default: BARNACLE_BEAD)")
    .option("--worker <who>", "who is told when it comes back (default: BARNACLE_ACTOR)")
    .option("-p, --priority <n>", "0 to 4; default: the bead's")
    .option("--pre-verified <sha>", "the worker tested it on this commit; noted, not relied on")
    .option("--actor <who>", "in this name")
    .action(async (given: string | undefined, flags: SubmitFlags, command: Command) => {
      const session = open(command);
      const { env } = session.io;
      const worker = flags.worker ?? env.BARNACLE_ACTOR;
      const rig = flags.rig ?? env.BARNACLE_RIG ?? (worker?.includes("/") ? worker.split("/")[0] : undefined);
      if (!rig) throw new BarnacleError("USAGE", "which rig? Name it with --rig, or set BARNACLE_RIG");
      const params = defined({
        ...{ rig, branch: given ?? branchHere(), commit: flags.commit, target: flags.target, worker },
        ...{ bead: flags.bead ?? env.BARNACLE_BEAD, preVerifiedBase: flags.preVerified },
        priority: flags.priority === undefined ? undefined : Number(flags.priority.replace(/^p/i, "")),
      });
      const request = await new WorkDoor(session).write<MergeRequest>("mergequeue.submit", params, flags.actor);
      session.out.print(request, () => `${request.id}  ${stateWord(request)}: ${request.branch} → ${request.target}`);
    });
}

/** @throws USAGE */
function branchHere(): string {
  try {
    const args = ["symbolic-ref", "--quiet", "--short", "HEAD"];
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    throw new BarnacleError("USAGE", "no branch is checked out here; name one: barnacle mq submit BRANCH --rig RIG");
  }
}
