import { BarnacleError } from "@barnacle/protocol/errors";
import type { Cooked, FormulaEntry, Poured } from "../../formulas/index.ts";
import { example, type Family } from "../session.ts";
import type { TableColumn } from "../table.ts";
import { WorkDoor } from "./door.ts";
import { defined } from "./filter-options.ts";
import { formulaParams, sourceOf, type VarFlags, varOptions } from "./formula-source.ts";
import { cookedText, pouredText } from "./formula-views.ts";

interface Shown {
  readonly vars: readonly {
    readonly name: string;
    readonly description?: string;
    readonly default?: string;
    readonly required: boolean;
  }[];
  readonly place?: string;
  readonly file?: string;
  readonly cooked: Cooked;
}

interface Checked {
  readonly formula: string;
  readonly ok: boolean;
  readonly problems: readonly {
    readonly file?: string;
    readonly line?: number;
    readonly key?: string;
    readonly expected: string;
  }[];
}

const FORMULAS: readonly TableColumn<FormulaEntry>[] = [
  { title: "name", value: ({ name }) => name },
  { title: "type", value: ({ type }) => type ?? "-" },
  { title: "from", value: ({ place }) => place },
  { title: "steps", value: ({ steps }) => steps },
  {
    title: "about",
    value: ({ description = "", problem }) =>
      problem === undefined ? description.split("\n")[0] : `wrong: ${problem.split("\n")[0]}`,
  },
];

/** Workflows as files. Reading works without a hub. */
export const formulaFamily: Family = (program, open) => {
  const formula = program.command("formula").description("workflows as files: look at them, check them, run them");
  example(
    formula
      .command("list")
      .description("all that are found, each from the place that wins")
      .option("--rig <rig>", "as this rig has them"),
    "barnacle formula list --rig garden",
  ).action(async (flags: VarFlags, command) => {
    const session = open(command);
    session.out.list(
      await new WorkDoor(session).read<FormulaEntry[]>("formulas.list", defined({ rig: flags.rig })),
      FORMULAS,
      "no formulas",
    );
  });
  example(
    formula
      .command("show <name>")
      .description("its variables and the steps that it makes")
      .option("--rig <rig>", "as this rig has it"),
    "barnacle formula show worker-job",
    "barnacle formula show ./mine.formula.toml --json",
  ).action(async (name: string, { rig }: VarFlags, command) => {
    const session = open(command);
    const shown = await new WorkDoor(session).read<Shown>("formulas.show", defined({ ...sourceOf(name), rig }));
    session.out.print(shown, (style) =>
      [
        cookedText(shown.cooked, style),
        ...shown.vars.map(({ name, description = "", default: fallback, required }) => {
          const value = required
            ? "required"
            : fallback === undefined
              ? "optional"
              : `default ${JSON.stringify(fallback)}`;
          return `  ${style.bold(`{{${name}}}`)}  ${value}  ${description}`.trimEnd();
        }),
        ...(shown.file === undefined ? [] : [style.dim(`${shown.place}: ${shown.file}`)]),
      ].join("\n"),
    );
  });
  example(
    formula
      .command("check [name]")
      .description("reads one, or all that are found, and says everything that is wrong; exit code 1 when something is")
      .option("--rig <rig>", "as this rig has them"),
    "barnacle formula check ./mine.formula.toml",
  ).action(async (name: string | undefined, { rig }: VarFlags, command) => {
    const session = open(command);
    const { out } = session;
    const source = name === undefined ? {} : sourceOf(name);
    const checked = await new WorkDoor(session).read<Checked[]>("formulas.check", defined({ ...source, rig }));
    out.print(checked, (style) =>
      checked
        .flatMap(({ formula, ok, problems }) => [
          ok ? `${style.green("✓")} ${formula}` : `${style.red("✗")} ${formula}`,
          ...problems.map(({ file, line, key, expected }) => {
            const at = [file, line].filter((part) => part !== undefined).join(":");
            return `  ${[at, key, expected].filter((part) => part).join(": ")}`;
          }),
        ])
        .join("\n"),
    );
    const wrong = checked.filter(({ ok }) => !ok).length;
    if (wrong > 0) {
      throw new BarnacleError("FORMULA_INVALID", `${wrong} of ${checked.length} formulas are not valid`);
    }
  });
  example(
    varOptions(
      formula
        .command("run <name>")
        .description("makes its beads: of a convoy formula a bead for each leg, and the convoy"),
    )
      .option("--title <text>", "of the convoy or the molecule")
      .option("--actor <who>", "in this name"),
    "barnacle formula run code-review --var change=main..fix",
  ).action(async (name: string, flags: VarFlags & { title?: string; actor?: string }, command) => {
    const session = open(command);
    const params = defined({ ...formulaParams(name, flags), title: flags.title });
    const made = await new WorkDoor(session).write<
      Poured | { convoy: string; molecule: string; steps: Poured["steps"] }
    >("formulas.run", params, flags.actor);
    session.out.print(made, (style) =>
      "convoy" in made
        ? [
            `${style.bold(made.convoy)}  convoy of ${made.steps.length}`,
            ...made.steps.map(({ id, step }) => `  ${id}  ${step}`),
          ].join("\n")
        : pouredText(made, style),
    );
  });
};

interface CookFlags extends VarFlags {
  readonly mode?: string;
  readonly persist?: boolean;
  readonly for?: string;
  readonly actor?: string;
}

/** `barnacle cook`: a formula with everything done that can be done before it runs. */
export const cookFamily: Family = (program, open) => {
  example(
    varOptions(program.command("cook <formula>").description("cooks a formula and shows its steps; nothing is made"))
      .option("--mode <mode>", "compile: variables stay; runtime: with their values (default with --var)")
      .option("--for <bead>", "the bead that it is for: its labels, type and priority decide over hooks")
      .option("--persist", "keep it as a template bead, to be poured as it is now")
      .option("--actor <who>", "in this name"),
    "barnacle cook feature --json",
    'barnacle cook feature --var goal="open the gate by voice"',
    "barnacle cook feature --persist",
  ).action(async (name: string, flags: CookFlags, command) => {
    const session = open(command);
    const { mode = flags.var ? "runtime" : "compile", persist, actor } = flags;
    if (mode !== "compile" && mode !== "runtime")
      throw new BarnacleError("USAGE", "--mode: expected compile or runtime");
    const door = new WorkDoor(session);
    const params = formulaParams(name, flags);
    if (persist) {
      const made = await door.write<{ id: string; formula: string }>("formulas.persist", params, actor);
      session.out.print(made, () => `${made.id}  template of ${made.formula}`);
      return;
    }
    const cooked = await door.read<Cooked>(
      "formulas.cook",
      defined({ ...params, subject: flags.for, asTemplate: mode === "compile" }),
    );
    session.out.print(cooked, (style) => cookedText(cooked, style));
  });
};
