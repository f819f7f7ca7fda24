import { spawn } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import type { Clock } from "@barnacle/protocol/runtime";
import type { GateCommand } from "./settings.ts";

export interface CommandRun {
  readonly command: GateCommand;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of the output; the beginning and the end are kept. */
  readonly capBytes: number;
  /** Appended to. */
  readonly log: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Once it runs: the process group that ends with it. */
  readonly started?: ((pid: number) => void) | undefined;
}

export interface CommandEnd {
  /** Null when it was ended by a signal or could not be started. */
  readonly exitCode: number | null;
  readonly durationMs: number;
  readonly timedOut: boolean;
  /** The last of what it wrote. */
  readonly tail: string;
}

/** From the polite signal to the one that cannot be refused. */
const KILL_MS = 2_000;
const TAIL_BYTES = 4_000;

/**
 * Runs one command in a process group of its own and waits for its end. Everything it started ends with it: when it is
 * done, when its time is over, when `signal` is aborted.
 */
export async function runCommand(run: CommandRun): Promise<CommandEnd> {
  const { command, cwd, env, clock, signal } = run;
  const [program = "", ...args] = typeof command === "string" ? ["sh", "-c", command] : command;
  const output = new Output(run.log, run.capBytes);
  output.line(`$ ${typeof command === "string" ? command : command.join(" ")}`);
  const began = clock.monotonic();
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], shell: false, detached: true });
  let timedOut = false;
  const cancels: (() => void)[] = [];
  const end = () => {
    if (child.pid === undefined || !signalGroup(child.pid, "SIGTERM")) return;
    cancels.push(clock.after(KILL_MS, () => signalGroup(child.pid as number, "SIGKILL")));
  };
  const late = clock.after(run.timeoutMs, () => {
    timedOut = true;
    end();
  });
  signal.addEventListener("abort", end, { once: true });
  if (child.pid !== undefined) run.started?.(child.pid);
  if (signal.aborted) end();
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => output.add(chunk));
  try {
    const exitCode = await new Promise<number | null>((resolve) => {
      child.once("error", (error) => {
        output.line(`it cannot be started: ${error.message}`);
        resolve(null);
      });
      // What it left running keeps its output open: that ends with it.
      child.once("exit", () => child.pid !== undefined && signalGroup(child.pid, "SIGKILL"));
      child.once("close", (code) => resolve(code));
    });
    const durationMs = Math.round(clock.monotonic() - began);
    output.line(timedOut ? `ended after its time, ${run.timeoutMs} ms` : `exit code ${exitCode ?? "none"}`);
    return { exitCode, durationMs, timedOut, tail: output.tail() };
  } finally {
    late();
    for (const cancel of cancels) cancel();
    signal.removeEventListener("abort", end);
    output.close();
  }
}

/** False when nobody of the group is there any more. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Output on its way to the log: what goes beyond the cap is left out, but for its end. */
class Output {
  readonly #fd: number;
  readonly #cap: number;
  #written = 0;
  #skipped = 0;
  #tail = Buffer.alloc(0);

  constructor(file: string, cap: number) {
    this.#fd = openSync(file, "a", 0o600);
    this.#cap = cap;
  }

  line(text: string): void {
    this.#flushSkipped();
    writeSync(this.#fd, `${text}\n`);
  }

  add(chunk: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-TAIL_BYTES);
    const room = Math.max(0, this.#cap - this.#written);
    const kept = chunk.subarray(0, room);
    if (kept.length > 0) writeSync(this.#fd, kept);
    this.#written += kept.length;
    this.#skipped += chunk.length - kept.length;
  }

  tail(): string {
    return this.#tail.toString("utf8");
  }

  close(): void {
    closeSync(this.#fd);
  }

  #flushSkipped(): void {
    if (this.#skipped === 0) return;
    const end = this.#tail.subarray(-Math.min(this.#skipped, TAIL_BYTES));
    writeSync(this.#fd, `\n… ${this.#skipped - end.length} bytes left out …\n`);
    writeSync(this.#fd, end);
    writeSync(this.#fd, "\n");
    this.#skipped = 0;
  }
}
