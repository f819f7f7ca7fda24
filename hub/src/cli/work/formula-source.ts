import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import { collect, defined } from "./filter-options.ts";
import { fileText } from "./values.ts";

export interface VarFlags {
  readonly var?: readonly string[];
  readonly rig?: string;
}

/** A formula by its name, or a file with one: what has a slash or ends as such files do. */
export function sourceOf(given: string): { name?: string; text?: string; file?: string } {
  if (given !== "-" && !given.includes("/") && !/\.(toml|json)$/.test(given)) return { name: given };
  return { text: fileText(given), file: given === "-" ? "standard input" : path.basename(given) };
}

/** @throws USAGE */
export function varsOf(list: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf("=");
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new BarnacleError("USAGE", `--var: expected name=value, found "${text.slice(0, 60)}"`);
    }),
  );
}

export function formulaParams(given: string, { var: list, rig }: VarFlags): Record<string, unknown> {
  const vars = varsOf(list);
  return defined({ ...sourceOf(given), rig, vars: Object.keys(vars).length > 0 ? vars : undefined });
}

export function varOptions(command: Command): Command {
  return command
    .option("--var <name=value>", "the value of a variable, repeatable", collect)
    .option("--rig <rig>", "looked for in this rig first, with its overlay");
}
