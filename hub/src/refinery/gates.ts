import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Clock } from "@barnacle/protocol/runtime";
import { runCommand } from "./command.ts";
import type { Verdict } from "./judge.ts";
import { gatesOf, lengthOf, type MergeSettings } from "./settings.ts";

/** What came of one command on one commit. */
export interface GateResult {
  readonly name: string;
  /** As it was configured. */
  readonly command: string;
  readonly commit: string;
  /** Null: it was ended by a signal, or could not be started. */
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly timedOut?: boolean;
}

export interface GateRunnerOptions {
  readonly settings: MergeSettings;
  readonly rig: string;
  readonly dir: string;
  /** All output of the run. */
  readonly log: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Of the hub; what builds need of it is passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A command runs now, in this process group. */
  readonly started: (name: string, pid: number) => void;
}

/** What commands find in their environment besides; never the hub's secrets. */
const INHERITED = ["PATH", "HOME", "LANG", "TMPDIR", "USER", "SHELL"];
const SHOWN = 1_500;

/** Runs a rig's commands in the refinery's worktree, one after the other, until one fails. */
export class GateRunner {
  readonly #options: GateRunnerOptions;

  constructor(options: GateRunnerOptions) {
    this.#options = options;
    mkdirSync(path.dirname(options.log), { recursive: true, mode: 0o700 });
  }

  /** Of the commit that the worktree shows. @throws the signal's reason when it is aborted */
  async run(commit: string): Promise<Verdict<GateResult>> {
    const { settings, dir, log, signal, clock, started } = this.#options;
    const gates: GateResult[] = [];
    for (const { name, command } of gatesOf(settings)) {
      signal.throwIfAborted();
      const end = await runCommand({
        ...{ command, cwd: dir, env: this.#environment(commit), log, signal, clock },
        timeoutMs: lengthOf(settings.gate_timeout),
        capBytes: settings.gate_output_kb * 1024,
        started: (pid) => started(name, pid),
      });
      signal.throwIfAborted();
      const { exitCode, durationMs, timedOut, tail } = end;
      const text = typeof command === "string" ? command : command.join(" ");
      gates.push({ ...{ name, command: text, commit, exitCode, durationMs }, ...(timedOut ? { timedOut } : {}) });
      if (exitCode === 0) continue;
      const how = timedOut ? `took longer than ${settings.gate_timeout}` : `exit code ${exitCode ?? "none"}`;
      return { green: false, gates, text: `${name} (${text}): ${how}\n${tail.trim().slice(-SHOWN)}`.trim() };
    }
    return { green: true, gates };
  }

  #environment(commit: string): Record<string, string> {
    const { env, rig } = this.#options;
    const inherited = Object.fromEntries(INHERITED.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
    return { ...inherited, CI: "true", GIT_TERMINAL_PROMPT: "0", BARNACLE_RIG: rig, BARNACLE_COMMIT: commit };
  }
}
