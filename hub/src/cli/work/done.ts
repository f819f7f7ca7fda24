import type { Command } from "commander";
import type { HookEnd } from "../../hooks/index.ts";
import { example, type Family } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText } from "./values.ts";

interface DoneFlags {
  readonly status?: string;
  readonly summary?: string;
  readonly target?: string;
  readonly merge?: boolean;
  readonly agent?: string;
}

/** `barnacle done`: a worker says that it has finished. */
export const doneFamily: Family = (program, open) => {
  example(
    program
      .command("done")
      .description(
        "the work on one's hook is finished: its branch is pushed, handed over for merging, the hook is empty",
      )
      .option("--status <exit>", "COMPLETED (default), ESCALATED or DEFERRED")
      .option("-s, --summary <text>", "what was done, or why not")
      .option("--target <branch>", "merged there")
      .option("--no-merge", "pushed only")
      .option("--agent <address>", "of this agent; default BARNACLE_ACTOR"),
    'barnacle done --summary "gate oiled"',
    'barnacle done --status ESCALATED --summary "no key"',
  ).action(async (flags: DoneFlags, command: Command) => {
    const session = open(command);
    const params = defined({
      ...{ agent: flags.agent, status: flags.status?.toUpperCase(), summary: flags.summary, target: flags.target },
      ...(flags.merge === false ? { noMerge: true } : {}),
    });
    const end = await new WorkDoor(session).write<HookEnd>("hooks.done", params);
    session.out.print(end, () => {
      const what = end.mergeRequest === undefined ? "" : `, to be merged as ${end.mergeRequest}`;
      return `${end.bead} ${end.exit}${end.branch === undefined ? "" : ` on ${end.branch}`}${what}`;
    });
  });
};

interface HandoffFlags {
  readonly subject?: string;
  readonly message?: string;
  readonly stdin?: boolean;
  readonly agent?: string;
}

/** `barnacle handoff`: a worker ends its session and leaves notes for the next. */
export const handoffFamily: Family = (program, open) => {
  example(
    program
      .command("handoff")
      .description("ends the session; a new one goes on with these notes, which are also mailed to it")
      .option("-s, --subject <text>", "where it stands")
      .option("-m, --message <text>", "what is next")
      .option("--stdin", "the message is piped in")
      .option("--agent <address>", "of this agent; default BARNACLE_ACTOR"),
    'barnacle handoff -s "half painted" -m "the left side is next"',
  ).action(async (flags: HandoffFlags, command: Command) => {
    const session = open(command);
    const message = flags.stdin ? fileText("-") : flags.message;
    const params = defined({ agent: flags.agent, subject: flags.subject, message });
    const left = await new WorkDoor(session).write<{ agent: string; mail?: string }>("hooks.handoff", params);
    session.out.print(left, () => `${left.agent} hands off${left.mail === undefined ? "" : ` (${left.mail})`}`);
  });
};
