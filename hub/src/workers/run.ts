import { execFile, spawn } from "node:child_process";
import { closeSync, constants, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import { type Clock, sleep } from "@barnacle/protocol/runtime";
import { isAlive, type ProcessId, processesOf, signalAll, startTimeOf } from "./process-tree.ts";
import type { Told } from "./wire.ts";

/** From SIGTERM to SIGKILL. */
const TERM_MS = 2000;
const LOOK_MS = 1000;
const RETRY_MS = 100;
const KEPT_ALIVE_MS = 60_000;
const MOST_UNSENT = 256 * 1024;

export interface RunPlan {
  readonly runId: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Holds `log`, `stdin`, `prompt`. */
  readonly directory: string;
  readonly stdin: "protocol" | "stdin" | "argument";
  readonly prompt: string;
}

export interface Exit {
  readonly code?: number | undefined;
  readonly signal?: string | undefined;
}

export interface EndOptions {
  readonly graceMs: number;
  readonly force?: boolean;
  readonly patient?: boolean;
}

/**
 * One process of a worker, with all that it starts. Its input is a named pipe and its output a file, so that it outlives a
 * hub that dies, and the next hub goes on with it.
 */
export class WorkerRun {
  readonly runId: string;
  readonly id: ProcessId;
  /** Resolves once it has ended; how it ended is known to the hub alone that started it. */
  readonly exited: Promise<Exit>;
  /** Why it is being ended, from the moment on when that was decided. */
  stopping: string | undefined;
  readonly #clock: Clock;
  #ended = false;
  #stdin: number | undefined;
  #unsent: Buffer = Buffer.alloc(0);

  private constructor(runId: string, id: ProcessId, exited: Promise<Exit>, clock: Clock, directory?: string) {
    this.runId = runId;
    this.id = id;
    this.#clock = clock;
    if (directory !== undefined) this.#openInput(path.join(directory, "stdin"));
    this.exited = exited.then((exit) => {
      this.#ended = true;
      if (this.#stdin !== undefined) closeSync(this.#stdin);
      this.#stdin = undefined;
      return exit;
    });
  }

  /** @throws WORKER_START */
  static async launch(plan: RunPlan, clock: Clock): Promise<WorkerRun> {
    const { directory, runId } = plan;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const input = await openPlanInput(plan);
    const log = openSync(path.join(directory, "log"), "a", 0o600);
    try {
      const child = spawn(plan.program, plan.args, {
        ...{ cwd: plan.cwd, env: plan.env, stdio: [input, log, log], shell: false },
        // A group and session of its own: signals to the hub are not meant for it.
        detached: true,
      });
      const exited = new Promise<Exit>((resolve) => {
        child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (error) => {
          reject(new BarnacleError("WORKER_START", `${plan.program} cannot be started: ${messageOf(error)}`));
        });
      });
      child.unref();
      const pid = child.pid as number;
      const id = { pid, startTime: startTimeOf(pid) ?? "" };
      return new WorkerRun(runId, id, exited, clock, plan.stdin === "protocol" ? directory : undefined);
    } finally {
      closeSync(input);
      closeSync(log);
    }
  }

  /** One that an earlier hub started. */
  static adopt(runId: string, id: ProcessId, directory: string, clock: Clock): WorkerRun {
    const exited = new Promise<Exit>((resolve) => {
      const end = clock.every(LOOK_MS, () => {
        if (isAlive(id)) return;
        end();
        resolve({});
      });
    });
    signalAll(processesOf(runId, id.pid), "SIGCONT");
    return new WorkerRun(runId, id, exited, clock, directory);
  }

  /** One that has ended while no hub looked. */
  static gone(runId: string, id: ProcessId, clock: Clock): WorkerRun {
    const run = new WorkerRun(runId, id, Promise.resolve({}), clock);
    run.stopping = "it ended while no hub ran";
    return run;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** @returns false when it does not listen */
  send(line: Told): boolean {
    if (this.#stdin === undefined || this.#unsent.length > MOST_UNSENT) return false;
    this.#unsent = Buffer.concat([this.#unsent, Buffer.from(`${JSON.stringify(line)}\n`)]);
    return this.#flush();
  }

  /** Stands still, or goes on. */
  pause(still: boolean): void {
    signalAll(processesOf(this.runId, this.id.pid), still ? "SIGSTOP" : "SIGCONT");
  }

  /**
   * Ends it and everything it started: by word, by SIGTERM, by SIGKILL; with `force` at once. `patient`: it has its grace
   * though it does not listen, because it is about to end by itself.
   */
  async end(why: string, { graceMs, force = false, patient = false }: EndOptions): Promise<void> {
    this.stopping ??= why;
    // A child does not keep the hub's process alive, and a hub that stops has little else left; its end is waited for.
    const alive = setInterval(() => {}, KEPT_ALIVE_MS);
    try {
      await this.#end(why, { graceMs, force, patient });
    } finally {
      clearInterval(alive);
    }
  }

  async #end(why: string, { graceMs, force, patient }: Required<EndOptions>): Promise<void> {
    if (!force) {
      // Who stands still cannot hear.
      this.pause(false);
      const told = this.send({ type: "stop", why });
      if ((told || patient) && (await this.#endsWithin(graceMs))) return this.#sweep();
      signalAll(processesOf(this.runId, this.id.pid), "SIGTERM");
      if (await this.#endsWithin(TERM_MS)) return this.#sweep();
    }
    this.#sweep();
    await this.exited;
  }

  /** Nobody of it is left behind. */
  #sweep(): void {
    const root = this.#ended ? undefined : this.id.pid;
    signalAll(processesOf(this.runId, root), "SIGKILL");
  }

  async #endsWithin(ms: number): Promise<boolean> {
    await Promise.race([this.exited, sleep(this.#clock, ms)]);
    return this.#ended;
  }

  #openInput(file: string): void {
    if (!existsSync(file)) return;
    try {
      this.#stdin = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch {
      // Nobody reads there (ENXIO): it closed its input.
    }
  }

  #flush(): boolean {
    while (this.#unsent.length > 0) {
      if (this.#stdin === undefined) return false;
      try {
        this.#unsent = this.#unsent.subarray(writeSync(this.#stdin, this.#unsent));
      } catch (error) {
        if (systemCode(error) !== "EAGAIN") {
          this.#unsent = Buffer.alloc(0);
          return false;
        }
        this.#clock.after(RETRY_MS, () => this.#flush());
        return true;
      }
    }
    return true;
  }
}

/** What the process reads. The pipe is opened for both ways: it has no end, whoever comes and goes. */
async function openPlanInput({ directory, stdin, prompt }: RunPlan): Promise<number> {
  const file = path.join(directory, stdin === "protocol" ? "stdin" : "prompt");
  rmSync(path.join(directory, "stdin"), { force: true });
  if (stdin === "argument") return openSync("/dev/null", "r");
  if (stdin === "stdin") {
    writeFileSync(file, prompt, { mode: 0o600 });
    return openSync(file, "r");
  }
  await promisify(execFile)("mkfifo", ["-m", "600", file]);
  return openSync(file, "r+");
}
