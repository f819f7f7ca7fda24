import path from "node:path";
import { messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { WorkerLimits } from "../config/workers.ts";
import type { Store } from "../store/index.ts";
import { LogTail } from "./log-tail.ts";
import type { WorkPort } from "./ports.ts";
import type { Progress } from "./record.ts";
import type { WorkerRun } from "./run.ts";
import { WorkerTable } from "./table.ts";
import { type Said, saidIn } from "./wire.ts";

/** Signs of life are kept in memory and written no more often. */
const SIGNS_MS = 5000;
/** A log of a worker that is not watched by the kernel is read so often. */
const LOOK_MS = 2000;

export interface LiveOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly work: () => WorkPort;
  readonly address: string;
  readonly run: WorkerRun;
  readonly directory: string;
  /** Up to here its log was acted on. */
  readonly logAt: number;
  readonly limits: WorkerLimits;
  readonly tell: (kind: "heartbeat" | "progress", data?: Readonly<Record<string, unknown>>) => void;
}

/** A worker with a process: what it says is acted on in its order, each word once, also when the hub dies in between. */
export class LiveWorker {
  readonly address: string;
  readonly run: WorkerRun;
  /** Resolves when its end has been judged. */
  readonly over: Promise<void>;
  /** The limit that ended it. */
  limit: string | undefined;
  logAt: number;
  settle: () => void = () => {};
  readonly #options: LiveOptions;
  readonly #tail: LogTail;
  #turn: Promise<void> = Promise.resolve();
  #heartbeatAt: number | undefined;
  #activeAt: number | undefined;
  #progress: Progress | undefined;
  #writtenAt = 0;
  #cancel: (() => void)[] = [];

  constructor(options: LiveOptions) {
    this.#options = options;
    const { address, run, directory, limits } = options;
    this.address = address;
    this.run = run;
    const file = path.join(directory, "log");
    this.logAt = options.logAt;
    this.over = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.#tail = new LogTail({
      ...{ file, from: options.logAt, maxBytes: limits.logBytes },
      line: (text, end) => this.#line(text, end),
      still: (fn) => this.#still(fn),
      began: () => {
        this.logAt = 0;
        this.#keep({ log_at: 0 });
      },
    });
  }

  get signs(): { heartbeatAt?: number; activeAt?: number; progress?: Progress } {
    return {
      ...(this.#heartbeatAt === undefined ? {} : { heartbeatAt: this.#heartbeatAt }),
      ...(this.#activeAt === undefined ? {} : { activeAt: this.#activeAt }),
      ...(this.#progress === undefined ? {} : { progress: this.#progress }),
    };
  }

  start(): void {
    const { clock, limits } = this.#options;
    this.#tail.start();
    this.#cancel.push(clock.every(LOOK_MS, () => this.#tail.read()));
    if (limits.wallS > 0) {
      this.#cancel.push(clock.after(limits.wallS * 1000, () => this.#overTime(`it ran for ${limits.wallS} s`)));
    }
  }

  /** Its last words are read and acted on. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancel.splice(0)) cancel();
    this.#tail.read();
    this.#tail.stop();
    await this.#turn;
  }

  heard(kind: "heartbeat" | "progress", progress?: Progress): void {
    const { clock, tell } = this.#options;
    const now = clock.now();
    this.#heartbeatAt = now;
    this.#activeAt = now;
    if (progress) this.#progress = progress;
    this.#writeSigns(progress !== undefined);
    tell(kind, progress && { ...progress });
  }

  #line(text: string, end: number): void {
    const said = saidIn(text);
    if (said?.type === "heartbeat") this.heard("heartbeat");
    else if (said?.type === "progress") {
      const { type: _, ...rest } = said;
      this.heard("progress", { at: this.#options.clock.now(), ...rest });
    } else {
      this.#activeAt = this.#options.clock.now();
      this.#writeSigns(false);
    }
    if (said && said.type !== "heartbeat" && said.type !== "progress") {
      this.#turn = this.#turn.then(() => this.#act(said, end));
    }
  }

  /** Its answer is on disk before the place in the log is: what was not acted on is read again. */
  async #act(said: Exclude<Said, { type: "heartbeat" | "progress" }>, end: number): Promise<void> {
    const { work, address, log } = this.#options;
    try {
      const port = work();
      if (said.type === "done") await port.done(address, { ...said, address });
      else if (said.type === "escalate") await port.escalate(address, { ...said, address });
      else await port.handoff(address, { ...said, address });
      this.run.send({ type: "accepted", of: said.type });
    } catch (error) {
      const { code, message } = toBarnacleError(error);
      log.warn({ address, said: said.type, code, error: messageOf(error) }, "what a worker said was refused");
      this.run.send({ type: "refused", of: said.type, code, message });
      if (code === "HUB_STOPPING" || code === "STATE_UNWRITABLE") return;
    }
    this.logAt = end;
    this.#keep({ log_at: end });
  }

  #overTime(limit: string): void {
    this.limit = limit;
    this.run.end(limit, { graceMs: this.#options.limits.graceS * 1000 }).catch((error: unknown) => {
      this.#options.log.error({ address: this.address, error: messageOf(error) }, "a worker does not end");
    });
  }

  #writeSigns(now: boolean): void {
    const { clock } = this.#options;
    if (!now && clock.now() - this.#writtenAt < SIGNS_MS) return;
    this.#writtenAt = clock.now();
    this.#keep({
      ...(this.#heartbeatAt === undefined ? {} : { heartbeat_at: this.#heartbeatAt }),
      ...(this.#activeAt === undefined ? {} : { active_at: this.#activeAt }),
      ...(this.#progress === undefined ? {} : { progress: JSON.stringify(this.#progress) }),
    });
  }

  /** A power cut may take it back. */
  #keep(change: Parameters<typeof WorkerTable.change>[2]): void {
    const { store, log, address } = this.#options;
    try {
      store.relaxed(() => WorkerTable.change(store, address, change));
    } catch (error) {
      log.warn({ address, error: messageOf(error) }, "signs of life could not be written down");
    }
  }

  #still(fn: () => void): void {
    if (!this.run.ended) this.run.pause(true);
    try {
      fn();
    } finally {
      if (!this.run.ended) this.run.pause(false);
    }
  }
}
