import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import { lastError, parseObject } from "../cli/node-program.ts";

export type JsonLine = Readonly<Record<string, unknown>>;

export interface ChildOptions {
  /** As people know it: "hub", "kitchen node". */
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly onLine: (line: JsonLine) => void;
  /** What it writes on standard error, as it comes. */
  readonly onLog?: ((text: string) => void) | undefined;
}

const STDERR_KEPT = 8000;
const KILL_AFTER_MS = 8000;
/** Keeps the young generation small: these processes live on boards with 512 MB. */
const NODE_FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];

/** One of the demo's processes: speaks JSON lines on its standard output, logs on its standard error. */
export class Child {
  readonly #options: ChildOptions;
  readonly #exitListeners = new Set<(error: BarnacleError) => void>();
  #process: ChildProcess | undefined;
  #stderr = "";
  #gone: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: ChildOptions) {
    this.#options = options;
  }

  start(): void {
    const { script, args, env, onLine, onLog } = this.#options;
    // A group of its own: Ctrl-C in the terminal must reach the demo alone, which then stops its children in order.
    const child = spawn(process.execPath, [...NODE_FLAGS, script, ...args], {
      env: { ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#process = child;
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (text) => {
      const line = parseObject(text);
      if (line) onLine(line);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
      onLog?.(text);
    });
    this.#gone = new Promise((resolve) => {
      // "close" comes after the pipes are drained, so the last words on standard error are there.
      child.once("close", (code, signal) => {
        resolve();
        if (!this.#stopping) this.#tell(signal ? `ended by ${signal}` : `ended with ${code}`);
      });
      child.once("error", (error) => {
        resolve();
        this.#tell(error.message);
      });
    });
  }

  /** Called once if the process ends without being asked to. */
  onUnexpectedExit(fn: (error: BarnacleError) => void): () => void {
    this.#exitListeners.add(fn);
    return () => this.#exitListeners.delete(fn);
  }

  /** SIGTERM, and SIGKILL when that is not heard. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return this.#gone;
    child.kill("SIGTERM");
    const cancel = this.#options.clock.after(KILL_AFTER_MS, () => child.kill("SIGKILL"));
    await this.#gone;
    cancel();
  }

  #tell(how: string): void {
    const error = lastError(this.#stderr) ?? new BarnacleError("INTERNAL", `${lastLine(this.#stderr)} (${how})`);
    const named = new BarnacleError(error.code, `${this.#options.name}: ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
    for (const fn of [...this.#exitListeners]) fn(named);
  }
}

function lastLine(stderr: string): string {
  return stderr.trim().split("\n").at(-1) || "no output";
}
