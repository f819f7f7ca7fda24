import type { Command } from "commander";
import type { SupervisorStatus } from "../../supervisor/operations.ts";
import type { Style } from "../output.ts";
import type { Family, Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";

/** `barnacle supervisor`, also called `deacon`: whether everything that is to run runs. */
export const supervisorFamily: Family = (program, open) => family("supervisor", program, open);
export const deaconFamily: Family = (program, open) => family("deacon", program, open);

function family(name: string, program: Command, open: (command: Command) => Session): void {
  const also = name === "deacon" ? "the same as `barnacle supervisor`" : "looks after roles, hooks and the queue";
  const parent = program.command(name).description(also);
  named(parent, "status", "what its last look found", `barnacle ${name} status`).action(async (_: object, command) => {
    const session = open(command);
    const status = await new WorkDoor(session).read<SupervisorStatus>("supervisor.status");
    session.out.print(status, (style) => textOf(status, style));
  });
  named(parent, "beat", "looks now", `barnacle ${name} beat`).action(async (_: object, command) => {
    const session = open(command);
    const status = await new WorkDoor(session).write<SupervisorStatus>("supervisor.beat", {});
    session.out.print(status, (style) => textOf(status, style));
    if (status.steps.some(({ ok }) => !ok)) session.fail();
  });
}

function textOf({ last_beat_at, steps }: SupervisorStatus, style: Style): string {
  if (last_beat_at === null) return "it has not looked yet: there was nothing to look after";
  const lines = steps.map(({ step, ok, did, problem }) => {
    const what = ok ? (did.length === 0 ? "in order" : did.join(", ")) : style.red(problem ?? "failed");
    return `  ${step.padEnd(14)}${what}`;
  });
  return [`looked at ${last_beat_at}`, ...lines].join("\n");
}
