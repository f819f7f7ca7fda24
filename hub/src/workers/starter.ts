import { appendFileSync, mkdirSync, statSync } from "node:fs";
import path from "node:path";
import { BarnacleError, hasCode, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Random } from "@barnacle/protocol/runtime";
import type { WorkConfig } from "../config/work.ts";
import type { Store } from "../store/index.ts";
import { directoryOf } from "./address.ts";
import { environmentOf } from "./environment.ts";
import type { Assignment, RigPort, WorkPort, WorktreePort } from "./ports.ts";
import { barnacleFor } from "./program.ts";
import type { WorkerRecord } from "./record.ts";
import { type RunPlan, WorkerRun } from "./run.ts";
import { commandOf, runnerOf } from "./runners.ts";
import { WorkerTable } from "./table.ts";
import { newToken } from "./tokens.ts";
import type { Told } from "./wire.ts";

export interface StarterOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly config: () => WorkConfig;
  /** Of the hub. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly rigs?: Pick<RigPort, "find"> | undefined;
  readonly worktrees?: WorktreePort | undefined;
  readonly work: () => WorkPort;
}

export interface Started {
  readonly run: WorkerRun;
  readonly logAt: number;
}

/** Starts one process for one worker: where it works, what it may know, what it is told, and the record of it before it runs. */
export class Starter {
  readonly #options: StarterOptions;

  constructor(options: StarterOptions) {
    this.#options = options;
  }

  /** Of a worker's log, its input and its prompt. */
  directory(address: string): string {
    return path.join(this.#options.store.stateDir, "workers", directoryOf(address));
  }

  /** Whether it is a program at all: who stands for a part of the hub, or for a person, is one only where that is configured. */
  isProgram({ role, runner }: Pick<WorkerRecord, "role" | "runner">): boolean {
    return role === "polecat" || role === "crew" || (runner ?? this.#options.config().roleRunners[role]) !== undefined;
  }

  /** The name of the program that this worker is. */
  runnerName({ role, rig, runner }: Pick<WorkerRecord, "role" | "rig" | "runner">): string {
    const { roleRunners, rigRunners, runner: byDefault } = this.#options.config();
    return runner ?? (rig === undefined ? undefined : rigRunners[rig]) ?? roleRunners[role] ?? byDefault;
  }

  /**
   * @returns the running process, of which its row tells, and the place in the log from which on it writes
   * @throws WORKER_START, RUNNER_UNKNOWN, HOOK_TAKEN when the work went to somebody else meanwhile
   */
  async start(record: WorkerRecord, work: Assignment | undefined): Promise<Started> {
    const { store, clock, random, config, rigs } = this.#options;
    const { address } = record;
    const runner = runnerOf(work?.runner ?? this.runnerName(record), config().runners);
    const place = await this.#place(record, work);
    const now = this.#options.work().assignment(address);
    if (now?.bead.id !== work?.bead.id) {
      throw new BarnacleError("HOOK_TAKEN", `${work?.bead.id ?? "the work"} is no longer on the hook of ${address}`);
    }
    const [runId, secret] = [random.uuid(), newToken(random)];
    const logAt = this.#beginLog(address, `${new Date(clock.now()).toISOString()} ${work?.bead.id ?? "no work"}`);
    // On disk before there is a process: whoever comes after a crash looks for one with this run's name.
    await store.commit(() =>
      WorkerTable.change(store, address, {
        ...{ state: "spawning", reason: null, run_id: runId, pid: null, pid_start: null, token: secret.hash },
        ...{ bead: work?.bead.id ?? null, worktree: place.path, branch: place.branch ?? null },
        ...{ base: work?.base ?? null, started_at: clock.now(), heartbeat_at: null, active_at: null },
        ...{ next_start_at: null, progress: null, log_at: logAt },
      }),
    );
    const prompt = this.#options.work().prompt(address);
    const repo = record.rig === undefined ? undefined : rigs?.find(record.rig)?.repo;
    const resume = record.restarts > 0 && record.bead === work?.bead.id;
    const { program, args } = commandOf(runner, { prompt, resume, ...(repo === undefined ? {} : { repo }) });
    const plan: RunPlan = {
      ...{ runId, program, args, prompt, cwd: place.path, directory: this.directory(address), stdin: runner.prompt },
      env: environmentOf(this.#options.env, runner, {
        ...{ address, role: record.role, rig: record.rig, bead: work?.bead.id, worktree: place.path },
        ...{ stateDir: store.stateDir, token: secret.token, runId, bin: barnacleFor(store.stateDir) },
      }),
    };
    let run: WorkerRun;
    try {
      run = await WorkerRun.launch(plan, clock);
    } catch (error) {
      await store.commit(() => WorkerTable.change(store, address, { run_id: null, token: null }));
      throw toBarnacleError(error);
    }
    await store.commit(() =>
      WorkerTable.change(store, address, {
        ...{ pid: run.id.pid, pid_start: run.id.startTime, handoff: null },
        state: work ? "working" : "running",
      }),
    );
    if (work) await this.#options.work().taken(address, work.bead.id);
    if (work && runner.prompt === "protocol") run.send(taskOf(record, work, place, prompt));
    return { run, logAt };
  }

  /** @returns the place after the line that begins it */
  #beginLog(address: string, text: string): number {
    const directory = this.directory(address);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = path.join(directory, "log");
    appendFileSync(file, `--- ${text}\n`, { mode: 0o600 });
    return statSync(file).size;
  }

  async #place({ address, rig }: WorkerRecord, work: Assignment | undefined) {
    const { worktrees } = this.#options;
    if (rig === undefined || !worktrees || !work) {
      const place = path.join(this.directory(address), "work");
      mkdirSync(place, { recursive: true, mode: 0o700 });
      return { path: place, branch: undefined };
    }
    const job = { rig, agent: address, bead: work.bead.id, ...(work.base === undefined ? {} : { base: work.base }) };
    try {
      return await worktrees.acquire(address, job).catch(async (error: unknown) => {
        if (!hasCode(error, "WORKTREE_BUSY")) throw error;
        // What it was at before was taken away from it; what is unsaved there stays, and is said by the next answer.
        await worktrees.release(address);
        return worktrees.acquire(address, job);
      });
    } catch (error) {
      const { code } = toBarnacleError(error);
      if (code.startsWith("WORKTREE_")) throw error;
      throw new BarnacleError("WORKER_START", `${address} has no place to work: ${messageOf(error)}`, { cause: error });
    }
  }
}

function taskOf(
  record: WorkerRecord,
  { bead, args }: Assignment,
  place: { readonly path: string; readonly branch: string | undefined },
  prompt: string,
): Told {
  return {
    ...{ type: "task", bead: bead.id, title: bead.title, prompt, worktree: place.path, restarts: record.restarts },
    ...(place.branch === undefined ? {} : { branch: place.branch }),
    ...(bead.description ? { description: bead.description } : {}),
    ...(args === undefined ? {} : { args }),
  };
}
