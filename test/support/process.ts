import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { BarnacleError } from "@barnacle/protocol/errors";

export const ROOT = path.resolve(import.meta.dirname, "../..");
export const HUB_BIN = path.join(ROOT, "hub", "bin", "barnacle.mjs");
export const NODE_BIN = path.join(ROOT, "node-agent", "bin", "barnacle-node.mjs");
const FLAGS = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];
/** Generous, because the machine may be busy; nothing is asserted about how long things take. */
export const PATIENCE_MS = 60_000;

export type JsonLine = Record<string, unknown>;

/** A real process of ours whose standard output is JSON lines. Everything it said is kept for the failure message. */
export class Running {
  readonly child: ChildProcess;
  readonly lines: JsonLine[] = [];
  readonly #name: string;
  #errors = "";
  readonly #waiters = new Set<() => void>();
  readonly exited: Promise<number | null>;

  /** @param by what runs `bin`; nothing when it is a program itself */
  constructor(
    name: string,
    bin: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
    by: readonly string[] = [process.execPath, ...FLAGS],
  ) {
    this.#name = name;
    const [program, ...all] = [...by, bin, ...args] as [string, ...string[]];
    this.child = spawn(program, all, {
      env: { ...withoutTap(process.env), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      this.lines.push(parseLine(line));
      this.#wake();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-20_000);
    });
    this.exited = once(this.child, "exit").then(([code]) => {
      this.#wake();
      return code as number | null;
    });
  }

  get stderr(): string {
    return this.#errors;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The first line at or after `from` that `fits`; fails with all output when the process ends or patience does. */
  async line(what: string, fits: (line: JsonLine) => boolean, from = 0): Promise<JsonLine> {
    let seen = from;
    return this.until(what, () => {
      for (; seen < this.lines.length; seen++) {
        const line = this.lines[seen] as JsonLine;
        if (fits(line)) return line;
      }
      return undefined;
    });
  }

  /** Polls `probe` on every line and ten times a second. */
  async until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const found = probe();
      if (found !== undefined) return found;
      if (!this.running || performance.now() > deadline) {
        throw new BarnacleError(
          "TIMEOUT",
          `${this.#name}: ${what} did not come (${this.running ? "still running" : "ended"})\n${this.report()}`,
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

  /** kill -9, as a power cut does. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  async stop(): Promise<number | null> {
    if (this.running) this.child.kill("SIGTERM");
    return this.exited;
  }

  /** Resident memory in bytes, from /proc. */
  rss(): number {
    const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"));
    return Number(match?.[1] ?? 0) * 1024;
  }

  report(): string {
    return `stdout:\n${this.lines.map((line) => JSON.stringify(line)).join("\n")}\nstderr:\n${this.#errors}`;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** Runs one command to its end. */
export async function runOnce(
  bin: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [...FLAGS, bin, ...args], {
    env: { ...withoutTap(process.env), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** The test runner's own hooks would slow the programs under test and count them as tests. */
function withoutTap(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([key]) => !/^_?TAP|^NODE_OPTIONS$|^NODE_V8_COVERAGE$/.test(key)),
  );
}

function parseLine(line: string): JsonLine {
  try {
    return JSON.parse(line) as JsonLine;
  } catch {
    return { text: line };
  }
}
