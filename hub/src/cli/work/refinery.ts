import type { Command } from "commander";
import type { RefineryStatus } from "../../refinery/index.ts";
import type { Family } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { REFINERIES } from "./mq-views.ts";

/** `barnacle refinery`: the merge queue's worker of each rig. */
export const refineryFamily: Family = (program, open) => {
  const refinery = program.command("refinery").description("who merges: of each rig, running, at rest or stopped");
  named(refinery, "status [rig]", "what each is at", "barnacle refinery status").action(
    async (rig: string | undefined, _flags: object, command: Command) => {
      const session = open(command);
      const all = await new WorkDoor(session).read<RefineryStatus[]>("mergequeue.status", defined({ rig }));
      session.out.list(all, REFINERIES, "no rigs");
    },
  );
  for (const [name, description, done] of [
    ["start", "goes on merging, at once", "merges"],
    ["stop", "merges nothing more until it is started; what is being tested waits again", "is stopped"],
  ] as const) {
    named(refinery, `${name} <rig>`, description, `barnacle refinery ${name} garden`)
      .option("--actor <who>", "in this name")
      .action(async (rig: string, flags: { actor?: string }, command: Command) => {
        const session = open(command);
        const status = await new WorkDoor(session).write<RefineryStatus>(`mergequeue.${name}`, { rig }, flags.actor);
        session.out.print(status, () => `the refinery of ${rig} ${done}: ${status.pending} waiting`);
      });
  }
};
