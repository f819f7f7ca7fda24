import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { BarnacleError } from "@barnacle/protocol/errors";

export const PATIENCE_MS = 180_000;
const KEPT = 400_000;
const GRACE_MS = 15_000;

export interface ProcessOptions {
  readonly cwd: string;
  readonly env: Record<string, string>;
  /** True for a program that reads from us. */
  readonly stdin?: boolean;
}

/** Groups that are to go when this process does, however it ends. */
const alive = new Set<Process>();
process.on("exit", () => {
  for (const each of alive) each.signal("SIGKILL");
});

/** Somebody else's program that goes on running. What it printed is kept for `seen` and for the failure message. */
export class Process {
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #output = "";
  #waiters = new Set<() => void>();

  constructor(name: string, command: string, args: readonly string[], { cwd, env, stdin }: ProcessOptions) {
    this.name = name;
    // A group of its own: these programs start others, and all of them must go.
    this.child = spawn(command, args, { cwd, env, detached: true, stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe"] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT);
        this.#wake();
      });
    }
    alive.add(this);
    this.exited = once(this.child, "close").then(([code]) => {
      alive.delete(this);
      this.#wake();
      return code as number | null;
    });
  }

  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** Waits until the output at or after `from` fits. */
  seen(what: string, pattern: RegExp, from = 0): Promise<RegExpMatchArray> {
    return this.until(what, () => this.#output.slice(from).match(pattern) ?? undefined);
  }

  /** Polls `probe` on output and ten times a second; fails with the output when the process ends or patience does. */
  async until<T>(what: string, probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = await probe();
      if (found !== undefined) return found;
      if (!this.running || performance.now() > deadline) {
        const state = this.running ? "still running" : `ended with ${this.child.exitCode ?? this.child.signalCode}`;
        throw new BarnacleError(
          "TIMEOUT",
          `${this.name}: ${what} did not come (${state})\n${this.#output.slice(-8000)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, 100);
        this.#waiters.add(done);
      });
    }
  }

  /** SIGTERM to the whole group, SIGKILL to what is left of it. */
  async stop(): Promise<number | null> {
    this.signal("SIGTERM");
    const limit = setTimeout(() => this.signal("SIGKILL"), GRACE_MS);
    const code = await this.exited;
    clearTimeout(limit);
    this.signal("SIGKILL");
    return code;
  }

  /** To the whole group. */
  signal(signal: NodeJS.Signals): void {
    if (this.child.pid === undefined) return;
    try {
      process.kill(-this.child.pid, signal);
    } catch {
      // The group is gone.
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}
