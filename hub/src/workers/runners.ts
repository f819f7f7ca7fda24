import { BarnacleError } from "@barnacle/protocol/errors";
import type { RunnerConfig } from "../config/workers.ts";
import { PRESETS, type Runner } from "./presets.ts";

/** The runner of this name: configured, a configured preset, or a preset as it is. @throws RUNNER_UNKNOWN */
export function runnerOf(name: string, configured: Readonly<Record<string, RunnerConfig>>): Runner {
  const own = configured[name];
  const base = PRESETS[own?.preset ?? name];
  if (own === undefined && base) return { name, ...base };
  const argv = own?.argv ?? base?.argv;
  if (own === undefined || argv === undefined || argv.length === 0) {
    const known = [...new Set([...Object.keys(configured), ...Object.keys(PRESETS)])].join(", ");
    throw new BarnacleError("RUNNER_UNKNOWN", `no runner is called "${name.slice(0, 60)}"; there are ${known}`);
  }
  const more = own.args ?? [];
  const resume = own.resume ?? (own.argv === undefined ? base?.resume : undefined);
  return {
    name,
    argv: [...argv, ...more],
    ...(resume === undefined ? {} : { resume: [...resume, ...more] }),
    prompt: own.prompt ?? (own.argv === undefined ? base?.prompt : undefined) ?? "protocol",
    passEnv: [...(base?.passEnv ?? []), ...(own.passEnv ?? [])],
    env: own.env ?? {},
  };
}

/** Program and arguments of a start. */
export function commandOf(
  runner: Runner,
  { prompt, repo = "", resume }: { readonly prompt: string; readonly repo?: string; readonly resume: boolean },
): { readonly program: string; readonly args: readonly string[] } {
  const argv = resume && runner.resume ? runner.resume : runner.argv;
  const [program = "", ...args] = argv;
  // Functions: a "$&" in a prompt is no pattern.
  const filled = args.map((arg) => arg.replaceAll("{repo}", () => repo).replaceAll("{prompt}", () => prompt));
  return { program, args: filled };
}
