import type { Command } from "commander";
import type { ConvoyView, Landed } from "../../convoys/index.ts";
import { example, type Session } from "../session.ts";
import { convoyLine } from "./convoy-views.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";

interface Checked {
  readonly checked: readonly { readonly id: string; readonly title: string; readonly landed: boolean }[];
  readonly knots: readonly { readonly id: string; readonly ring: readonly string[] }[];
}

export function addConvoyChanges(parent: Command, open: (command: Command) => Session): void {
  /** A change that answers with the convoy. */
  const change = <Flags extends { readonly actor?: string }>(
    usage: string,
    description: string,
    line: string,
    name: "add" | "remove" | "depend" | "watch" | "unwatch" | "close" | "reopen",
    params: (id: string, more: readonly string[], flags: Flags) => object,
    options: (command: Command) => Command = (command) => command,
  ) => {
    const made = options(parent.command(usage).description(description).option("--actor <who>", "in this name"));
    example(made, line).action(async (id: string, ...rest: unknown[]) => {
      const command = rest.at(-1) as Command;
      const session = open(command);
      const flags = command.opts<Flags>();
      const more = Array.isArray(rest[0]) ? (rest[0] as string[]) : [];
      const convoy = await new WorkDoor(session).write<ConvoyView>(
        `convoys.${name}`,
        params(id, more, flags),
        flags.actor,
      );
      session.out.print(convoy, () => convoyLine(convoy));
    });
  };

  change(
    "add <id> <beads...>",
    "tracks more beads; a closed convoy that gets open work is opened again",
    "barnacle convoy add hq-cv-a1b2c hq-5c6",
    "add",
    (id, beads) => ({ id, beads }),
  );
  change(
    "remove <id> <beads...>",
    "tracks these no longer",
    "barnacle convoy remove hq-cv-a1b2c hq-5c6",
    "remove",
    (id, beads) => ({ id, beads }),
  );
  change<{ on: string; actor?: string }>(
    "depend <id>",
    "starts only after another one has landed",
    "barnacle convoy depend hq-cv-d3e4f --on hq-cv-a1b2c",
    "depend",
    (id, _more, { on }) => ({ id, on }),
    (command) => command.requiredOption("--on <convoy>", "the other one"),
  );
  const watching = (command: Command) =>
    command.option("--addr <who>", "who (default: you)").option("--nudge", "by a nudge instead of mail");
  for (const name of ["watch", "unwatch"] as const) {
    change<{ addr?: string; nudge?: boolean; actor?: string }>(
      `${name} <id>`,
      name === "watch" ? "get mail when it lands" : "no longer",
      `barnacle convoy ${name} hq-cv-a1b2c`,
      name,
      (id, _more, { addr, nudge }) => defined({ id, address: addr, nudge }),
      watching,
    );
  }
  change<{ reason?: string; force?: boolean; notify?: string; actor?: string }>(
    "close <id>",
    "closes it by hand; refused while something of it is open",
    'barnacle convoy close hq-cv-a1b2c --force -r "no longer wanted"',
    "close",
    (id, _more, { reason, force, notify }) => defined({ id, reason, force, notify }),
    (command) =>
      command
        .option("-r, --reason <text>", "why")
        .option("--notify <who>", "gets mail as well")
        .option("-f, --force", "give up what is open"),
  );
  change<{ reason?: string; actor?: string }>(
    "reopen <id>",
    "opens a closed one again",
    'barnacle convoy reopen hq-cv-a1b2c -r "the paint is missing"',
    "reopen",
    (id, _more, { reason }) => defined({ id, reason }),
    (command) => command.option("-r, --reason <text>", "why, as a comment"),
  );

  example(
    parent
      .command("land <id>")
      .description("closes what is done and merged, and gives back the worktrees of who did it")
      .option("-f, --force", "also when something is open or not merged")
      .option("--keep-worktrees", "leave them")
      .option("--dry-run", "only say what stands against it")
      .option("--actor <who>", "in this name"),
    "barnacle convoy land hq-cv-a1b2c --dry-run",
  ).action(
    async (
      id: string,
      flags: { force?: boolean; keepWorktrees?: boolean; dryRun?: boolean; actor?: string },
      command: Command,
    ) => {
      const session = open(command);
      const { actor, ...rest } = flags;
      const landed = await new WorkDoor(session).write<Landed>("convoys.land", defined({ id, ...rest }), actor);
      session.out.print(landed, (style) => {
        const { against = [], worktrees } = landed;
        const not = landed.status === "closed" ? "was closed before" : "does not land";
        const word = landed.landed ? (rest.dryRun ? "would land" : "landed") : not;
        return [
          `${word}: ${convoyLine(landed)}`,
          ...against.map((one) => style.yellow(`  ${one}`)),
          ...worktrees.map(
            ({ agent, released, why }) => `  ${agent}: ${released ? "worktree given back" : (why ?? "kept")}`,
          ),
        ].join("\n");
      });
      if (rest.dryRun && !landed.landed) session.fail();
    },
  );
  example(
    parent
      .command("check")
      .description("lands every convoy that is complete, and names those that never can be")
      .option("--dry-run", "only say which")
      .option("--actor <who>", "in this name"),
    "barnacle convoy check",
  ).action(async (flags: { dryRun?: boolean; actor?: string }, command: Command) => {
    const session = open(command);
    const params = defined({ dryRun: flags.dryRun });
    const { checked, knots } = await new WorkDoor(session).write<Checked>("convoys.check", params, flags.actor);
    session.out.print({ checked, knots }, (style) =>
      [
        ...checked.map(
          ({ id, title, landed }) => `${id}  ${landed ? (flags.dryRun ? "complete" : "landed") : "open"}  ${title}`,
        ),
        ...knots.map(({ id, ring }) => style.red(`${id} can never land: ${ring.join(" → ")}`)),
        ...(checked.length === 0 ? [style.dim("no convoy is open")] : []),
      ].join("\n"),
    );
  });
}
