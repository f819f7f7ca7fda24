import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { HookEnd, Slung } from "../../hooks/index.ts";
import { example, type Family, type Session } from "../session.ts";
import { told } from "./bead-changes.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { fileText } from "./values.ts";
import type { Shown } from "./views.ts";

interface SlingFlags {
  readonly args?: string;
  readonly stdin?: boolean;
  readonly force?: boolean;
  readonly create?: boolean;
  readonly queue?: boolean;
  readonly convoy?: boolean | string;
  readonly agent?: string;
  readonly baseBranch?: string;
  readonly target?: string;
  readonly merge?: boolean;
  readonly start?: boolean;
  readonly dryRun?: boolean;
  readonly as?: string;
}

interface Many {
  readonly slung: readonly Slung[];
  readonly refused: readonly { readonly bead: string; readonly message: string }[];
}

/** `barnacle sling`: gives beads to those who do them. */
export const slingFamily: Family = (program, open) => {
  example(
    program
      .command("sling <bead> [more...]")
      .description("gives beads to a worker and starts it: last a rig, or an agent's address")
      .option("-a, --args <text>", "said to the worker besides what the bead says")
      .option("--stdin", "the same, piped in")
      .option("-f, --force", "also what is deferred or blocked, another rig's, or somebody else's")
      .option("--create", "make the named worker where there is none")
      .option("--queue", "behind what its agent has already")
      .option("--convoy <id>", "for this convoy; without it one of its own is made where none tracks it")
      .option("--no-convoy", "no convoy of its own")
      .option("--agent <runner>", "the program that does it: claude, codex, one of work.runners")
      .option("--base-branch <branch>", "begun on this branch, and merged there")
      .option("--target <branch>", "merged there")
      .option("--no-merge", "its branch is pushed and left to people")
      .option("--no-start", "hung on the hook only; begun at the worker's next start")
      .option("-n, --dry-run", "only show what is there")
      .option("--as <who>", "in this name"),
    "barnacle sling gt-1a2 barn",
    'barnacle sling gt-1a2 gt-2b3 barn --args "small steps"',
    "barnacle sling gt-1a2 barn/toast --force",
  ).action(async (first: string, more: string[], flags: SlingFlags, command: Command) => {
    const session = open(command);
    const words = [first, ...more];
    const to = words.length > 1 ? words.pop() : undefined;
    const params = defined({
      ...{ to, force: flags.force, create: flags.create, queue: flags.queue, runner: flags.agent },
      ...{ baseBranch: flags.baseBranch, target: flags.target, args: flags.stdin ? fileText("-") : flags.args },
      ...(flags.merge === false ? { noMerge: true } : {}),
      ...(flags.start === false ? { now: false } : {}),
      ...(flags.convoy === undefined || flags.convoy === true ? {} : { convoy: flags.convoy }),
    });
    const door = new WorkDoor(session);
    if (flags.dryRun) {
      const beads = await door.read<Shown[]>("show", { ids: words });
      session.out.print({ would_sling: beads.map(({ id }) => id), to: to ?? null }, () =>
        beads.map(({ id, title }) => `would sling ${id} to ${to ?? "yourself"}: ${title}`).join("\n"),
      );
      return;
    }
    if (words.length === 1) {
      const slung = await door.write<Slung>("hooks.sling", { bead: first, ...params }, flags.as);
      session.out.print(slung, () => lineOf(slung));
      return;
    }
    const many = await door.write<Many>("hooks.slingMany", { beads: words, ...params }, flags.as);
    for (const { bead, message } of many.refused) session.out.note(`${bead}: ${message}`);
    session.out.print(many, () => many.slung.map(lineOf).join("\n"));
    if (many.slung.length === 0) session.fail();
  });
};

function lineOf({ bead, agent, already, started, convoy, queued }: Slung): string {
  if (queued) return `${bead} waits for a worker of ${agent}`;
  const how = already ? "has it already" : started ? "works on it" : "has it on its hook";
  return `${bead}: ${agent} ${how}${convoy === undefined ? "" : ` (${convoy})`}`;
}

/** `barnacle unsling`: the way back. */
export const unslingFamily: Family = (program, open) => {
  example(
    program
      .command("unsling <bead-or-agent>")
      .description("takes work off a hook: by its bead, or by whose hook it is; it is open again")
      .option("-f, --force", "also while its worker is at it; its process ends")
      .option("--as <who>", "in this name"),
    "barnacle unsling gt-1a2",
    "barnacle unsling barn/toast --force",
  ).action(async (which: string, flags: { force?: boolean; as?: string }, command: Command) => {
    const session = open(command);
    const params = {
      ...(which.includes("/") ? { agent: which } : { bead: which }),
      ...defined({ force: flags.force }),
    };
    const end = await new WorkDoor(session).write<HookEnd>("hooks.unsling", params, flags.as);
    session.out.print(end, () => `${end.bead} is off the hook of ${end.agent}`);
  });
};

/** `barnacle release`: begun work is open again. */
export const releaseFamily: Family = (program, open) => {
  example(
    program
      .command("release <bead...>")
      .description("gives back what somebody began or has on a hook, without counting an attempt")
      .option("-r, --reason <text>", "why, as a comment")
      .option("--as <who>", "in this name"),
    'barnacle release gt-1a2 -r "too big for one"',
  ).action(async (ids: string[], flags: { reason?: string; as?: string }, command: Command) => {
    const session: Session = open(command);
    if (flags.reason === "") throw new BarnacleError("USAGE", "--reason: expected a text");
    const params = defined({ ids, reason: flags.reason });
    told(session, await new WorkDoor(session).write<Shown[]>("hooks.release", params, flags.as));
  });
};
