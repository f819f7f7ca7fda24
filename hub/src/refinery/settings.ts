import { parseLength } from "@barnacle/protocol/beads/instant";
import { Value } from "@sinclair/typebox/value";
import { MergeQueueSettings } from "../rigs/settings.ts";

export type MergeSettings = MergeQueueSettings;
export type GateCommand = MergeSettings["test_command"];

/** What a rig's settings say, each missing member with its default. */
export function mergeSettings(given: unknown = {}): MergeSettings {
  return Value.Default(MergeQueueSettings, { ...(given as object) }) as MergeSettings;
}

/** Milliseconds of `30s`, `500ms`. */
export function lengthOf(text: string): number {
  const ms = /^(\d+)ms$/.exec(text);
  return ms ? Number(ms[1]) : (parseLength(text) ?? 0);
}

/** What is run before a merge, in this order. */
export function gatesOf(settings: MergeSettings): { readonly name: string; readonly command: GateCommand }[] {
  if (!settings.run_tests) return [];
  return (["setup", "typecheck", "lint", "test", "build"] as const)
    .map((name) => ({ name, command: settings[`${name}_command`] }))
    .filter(({ command }) => (typeof command === "string" ? command.trim() !== "" : true));
}
