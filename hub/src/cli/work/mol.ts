import { writeFileSync } from "node:fs";
import { parseLength } from "@barnacle/protocol/beads/instant";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import type { Cooked, MoleculeView, Poured } from "../../formulas/index.ts";
import type { MoleculeRow } from "../../formulas/molecules/lists.ts";
import { example, type Family, type Session } from "../session.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";
import { formulaParams, type VarFlags, varOptions, varsOf } from "./formula-source.ts";
import { cookedText, MOLECULES, moleculeText, pouredText } from "./formula-views.ts";
import { jsonValue } from "./values.ts";

interface PourFlags extends VarFlags {
  readonly title?: string;
  readonly prefix?: string;
  readonly assignee?: string;
  readonly for?: string;
  readonly key?: string;
  readonly steps?: boolean;
  readonly rootOnly?: boolean;
  readonly type?: string;
  readonly dryRun?: boolean;
  readonly actor?: string;
}

type Open = (command: Command) => Session;

/** Workflows that were poured: what is next, what is done. */
export const molFamily: Family = (program, open) => {
  const mol = program.command("mol").description("workflows that were poured: what is next, what is done");
  addPouring(mol, open);
  addWatching(mol, open);
  addSteps(mol, open);
  addEnding(mol, open);
};

const actor = (command: Command) => command.option("--actor <who>", "in this name");

function addPouring(mol: Command, open: Open): void {
  const pouring = (name: "pour" | "wisp", about: string, line: string) => {
    const command = actor(varOptions(mol.command(`${name} <formula>`).description(about)))
      .option("--for <bead>", "the bead that it is for")
      .option("--title <text>", "of the root")
      .option("--prefix <prefix>", "of the ids, as of a rig")
      .option("-a, --assignee <who>", "of the root")
      .option("--key <key>", "repeating the command with the same key makes nothing new")
      .option("--dry-run", "show the steps, make nothing");
    if (name === "wisp") {
      command
        .option("--steps", "a bead for each step, also when the formula does not say so")
        .option(
          "--type <class>",
          "how long it is kept: heartbeat, ping, patrol, gc_report, recovery, error, escalation",
        );
    } else command.option("--root-only", "the steps as a checklist on the root");
    example(command, line).action(async (formula: string, flags: PourFlags, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      const source = formulaParams(formula, flags);
      if (flags.dryRun) {
        const cooked = await door.read<Cooked>("formulas.cook", defined({ ...source, subject: flags.for }));
        session.out.print(cooked, (style) => cookedText(cooked, style));
        return;
      }
      const { title, prefix, assignee, key, rootOnly, steps, type } = flags;
      const made = await door.write<Poured>(
        "formulas.pour",
        defined({
          ...{
            ...source,
            title,
            prefix,
            assignee,
            key,
            attachTo: flags.for,
            ephemeral: name === "wisp",
            wispClass: type,
          },
          rootOnly: name === "wisp" ? (steps ? false : undefined) : rootOnly,
        }),
        flags.actor,
      );
      session.out.print(made, (style) => pouredText(made, style));
    });
  };
  pouring(
    "pour",
    "makes a bead for each step of a formula, all at once",
    'barnacle mol pour feature --var goal="open by voice"',
  );
  pouring(
    "wisp",
    "the same, not kept for long; its steps are a checklist",
    "barnacle mol wisp worker-job --var bead=hq-1a2 --for hq-1a2",
  );
  example(
    actor(mol.command("bond <first> <second>").description("two molecules, or formulas, under one root"))
      .option("--type <how>", "sequential (default), parallel, or conditional: the second only if the first fails")
      .option("--title <text>", "of the root")
      .option("--var <name=value>", "of formulas that are poured for it", (one: string, all: string[] = []) => [
        ...all,
        one,
      ]),
    "barnacle mol bond hq-mol-a1b2c feature --type sequential",
  ).action(
    async (
      first: string,
      second: string,
      flags: { type?: string; title?: string; var?: string[]; actor?: string },
      command: Command,
    ) => {
      const session = open(command);
      const params = defined({
        first,
        second,
        bond: flags.type,
        title: flags.title,
        vars: flags.var && varsOf(flags.var),
      });
      const made = await new WorkDoor(session).write<{ id: string; bond: string; parts: string[] }>(
        "formulas.bond",
        params,
        flags.actor,
      );
      session.out.print(made, () => `${made.id}  ${made.bond}: ${made.parts.join(", ")}`);
    },
  );
}

function addWatching(mol: Command, open: Open): void {
  for (const name of ["show", "progress", "status"] as const) {
    example(
      mol.command(`${name} <id>`).description("how far it is, by its own id, a step's, or that of the bead it is for"),
      `barnacle mol ${name} hq-mol-a1b2c`,
    ).action(async (id: string, _flags: object, command: Command) => {
      const session = open(command);
      const view = await new WorkDoor(session).read<MoleculeView>("formulas.progress", { id });
      session.out.print(view, (style) => moleculeText(view, style));
    });
  }
  example(
    mol
      .command("current [id]")
      .description("the step that is next, of what one works on")
      .option("--for <who>", "of this agent (default: you)"),
    "barnacle mol current",
  ).action(async (id: string | undefined, flags: { for?: string }, command: Command) => {
    const session = open(command);
    const { env } = session.io;
    const who = flags.for ?? env.BARNACLE_ACTOR ?? env.BD_ACTOR ?? env.USER ?? "cli";
    const view = await new WorkDoor(session).read<MoleculeView | null>(
      "formulas.current",
      id === undefined ? { who } : { id },
    );
    session.out.print(view, (style) => {
      if (view === null) return `${who} works on no molecule`;
      const step = view.steps.find(({ id, step }) => (id ?? step) === view.current_step_id);
      const text = step?.description === undefined ? "" : `\n\n${step.description.trim()}`;
      return `${moleculeText(view, style)}${step ? `\n\n${style.bold(step.title)}${text}` : ""}`;
    });
  });
  const list = (name: string, about: string, fixed: object, more: (command: Command) => Command = (one) => one) =>
    example(
      more(mol.command(name).description(about).option("-n, --limit <n>", "at most, 0: all (default 50)", whole)),
      `barnacle mol ${name}`,
    ).action(async (flags: { limit?: number; state?: string; formula?: string; after?: string }, command: Command) => {
      const session = open(command);
      const { limit, state, formula, after } = flags;
      const staleMs = name === "stale" ? lengthOf(after ?? "1d") : undefined;
      const rows = await new WorkDoor(session).read<MoleculeRow[]>(
        "formulas.molecules",
        defined({ ...fixed, limit, state, formula, staleMs }),
      );
      session.out.list(rows, MOLECULES, "no molecules");
    });
  list("list", "molecules, the latest first", {}, (command) =>
    command.option("--state <state>", "open (default), closed, all").option("--formula <name>", "only of this one"),
  );
  list("ready", "those whose gate is open now and that nobody has", { gated: true });
  list("stale", "those in which nothing happened for long", {}, (command) =>
    command.option("--after <length>", "1d by default"),
  );
}

function addSteps(mol: Command, open: Open): void {
  const step = mol.command("step").description("one step");
  example(
    actor(
      step
        .command("done <id> [step]")
        .description("this step is done: by its bead, or the molecule and the step's name"),
    )
      .option("--output <json>", "what it gave, for conditions and loops")
      .option("-r, --reason <text>", "how it went")
      .option("-f, --force", "although something stands before it"),
    "barnacle mol step done hq-mol-a1b2c.2",
    `barnacle mol step done hq-wisp-a1b2c review --output '{"approved": true}'`,
  ).action(
    async (
      id: string,
      name: string | undefined,
      flags: { output?: string; reason?: string; force?: boolean; actor?: string },
      command: Command,
    ) => {
      const session = open(command);
      const output = flags.output === undefined ? undefined : jsonValue("--output", flags.output);
      const view = await new WorkDoor(session).write<MoleculeView>(
        "formulas.stepDone",
        defined({ id, step: name, output, reason: flags.reason, force: flags.force }),
        flags.actor,
      );
      session.out.print(view, (style) => moleculeText(view, style));
    },
  );
  example(
    actor(mol.command("attach <bead> <molecule>").description("the bead is done by this molecule")),
    "barnacle mol attach hq-1a2 hq-mol-a1b2c",
  ).action(async (id: string, molecule: string, flags: { actor?: string }, command: Command) => {
    const session = open(command);
    const view = await new WorkDoor(session).write<MoleculeView>("formulas.attach", { id, molecule }, flags.actor);
    session.out.print(view, (style) => moleculeText(view, style));
  });
  example(
    actor(mol.command("detach <bead>").description("the bead is done by no molecule any more")),
    "barnacle mol detach hq-1a2",
  ).action(async (id: string, flags: { actor?: string }, command: Command) => {
    const session = open(command);
    const done = await new WorkDoor(session).write<{ id: string; detached: string | null }>(
      "formulas.detach",
      { id },
      flags.actor,
    );
    session.out.print(done, () => `${done.id}: ${done.detached ?? "nothing was attached"}`);
  });
}

function addEnding(mol: Command, open: Open): void {
  example(
    actor(mol.command("squash <id>").description("one closed bead in the place of a wisp"))
      .option("--summary <text>", "what came of it")
      .option("-f, --force", "although it is not done"),
    'barnacle mol squash hq-wisp-a1b2c --summary "all quiet"',
  ).action(
    async (
      id: string,
      { summary, force, actor: who }: { summary?: string; force?: boolean; actor?: string },
      command: Command,
    ) => {
      const session = open(command);
      const done = await new WorkDoor(session).write<{ digest: string; removed: string[] }>(
        "formulas.squash",
        defined({ id, summary, force }),
        who,
      );
      session.out.print(done, () => `${done.digest}  in the place of ${done.removed.length} beads`);
    },
  );
  example(
    actor(mol.command("burn <id>").description("a wisp is gone, without a digest")).option(
      "-f, --force",
      "also a kept molecule",
    ),
    "barnacle mol burn hq-wisp-a1b2c",
  ).action(async (id: string, { force, actor: who }: { force?: boolean; actor?: string }, command: Command) => {
    const session = open(command);
    const done = await new WorkDoor(session).write<{ removed: string[] }>("formulas.burn", defined({ id, force }), who);
    session.out.print(done, () => `${done.removed.length} beads are gone`);
  });
  example(
    mol
      .command("distill <id> <name>")
      .description("a formula out of work that was done: an epic, or a molecule")
      .option("--var <name=value>", "this text becomes a variable", (one: string, all: string[] = []) => [...all, one])
      .option("-o, --output <file>", "write it there"),
    "barnacle mol distill hq-1a2 gate --var place=north -o gate.formula.toml",
  ).action(async (id: string, name: string, flags: { var?: string[]; output?: string }, command: Command) => {
    const session = open(command);
    const params = defined({ id, name, vars: flags.var && varsOf(flags.var) });
    const made = await new WorkDoor(session).read<{ name: string; text: string }>("formulas.distill", params);
    if (flags.output !== undefined) writeFileSync(flags.output, made.text);
    session.out.print(made, () => (flags.output === undefined ? made.text.trimEnd() : `written: ${flags.output}`));
  });
  example(
    mol
      .command("gc")
      .description(
        "burns wisps whose time is over, and looks at what molecules wait for; a running hub does so by itself",
      ),
    "barnacle mol gc",
  ).action(async (_flags: object, command: Command) => {
    const session = open(command);
    const done = await new WorkDoor(session).write<{ molecules: number; changed: number; expired: string[] }>(
      "formulas.settle",
      {},
    );
    session.out.print(
      done,
      () => `${done.expired.length} wisps burned; ${done.molecules} molecules wait, ${done.changed} went on`,
    );
  });
}

/** @throws USAGE */
function lengthOf(text: string): number {
  const length = parseLength(text);
  if (length !== undefined) return length;
  throw new BarnacleError("USAGE", `--after: "${text}" is no length of time; expected 30m, 2h, 1d`);
}
