import { mkdirSync } from "node:fs";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { WritableSql } from "../beads/index.ts";
import type { Address } from "./address.ts";
import { type Ending, judge } from "./judge.ts";
import { LiveWorker } from "./live.ts";
import { lastLines } from "./log-tail.ts";
import type { WorkerEvent, WorkersOptions } from "./options.ts";
import type { Stoppable } from "./ports.ts";
import { isAlive, leaderOf, processesOf, signalAll } from "./process-tree.ts";
import { type WorkerFilter, WorkerReads } from "./reads.ts";
import type { WorkerRecord, WorkerState } from "./record.ts";
import { type Exit, WorkerRun } from "./run.ts";
import { runnerOf } from "./runners.ts";
import { Starter } from "./starter.ts";
import { type WorkerChange, WorkerTable } from "./table.ts";
import { teller } from "./tell.ts";
import { holderOf } from "./tokens.ts";

/** Not the worker's fault: it is started when that is over. */
const WAITS: ReadonlySet<string> = new Set(["ESTOPPED", "HUB_STOPPING", "HOOK_EMPTY"]);

type Marked = "state" | "reason" | "held" | "restarts" | "next_start_at" | "handoff" | "handoff_at";

/**
 * Who works here, and their processes. What hangs on a worker's hook is run without anybody asking: at the hub's start, when
 * it is slung, and again after its process died, at growing distances and so many times. One process per worker at most,
 * also over a hub that dies: what it had started goes on and is found again.
 */
export class Workers implements Unit, Stoppable {
  readonly name = "agents";
  readonly reads: WorkerReads;
  readonly tell: (kind: WorkerEvent, address: string, data?: Readonly<Record<string, unknown>>) => void;
  readonly #options: WorkersOptions;
  readonly #starter: Starter;
  readonly #live = new Map<string, LiveWorker>();
  readonly #starting = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, () => void>();
  #detach: () => void = () => {};
  #running = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
    this.reads = new WorkerReads(options.store);
    this.tell = teller("workers", options);
    this.#starter = new Starter(options);
  }

  /** Of the unit; with an address: of that worker, also one that was stopped by hand. @throws WORKER_UNKNOWN, WORKER_START, HOOK_EMPTY, ESTOPPED */
  async start(address?: string): Promise<void> {
    if (address !== undefined) return this.#startOne(this.reads.get(address).address);
    const { store, estop } = this.#options;
    mkdirSync(path.join(store.stateDir, "workers"), { recursive: true, mode: 0o700 });
    this.#running = true;
    for (const record of this.reads.list({ running: true })) await this.#findAgain(record);
    this.#detach = estop?.attach(this) ?? (() => {});
    for (const { address, hook } of this.reads.list()) if (hook !== undefined) this.#ensureSoon(address);
  }

  /** Of the unit: ends every process; what hangs on hooks is taken up at the next start. With an address: of that worker. */
  async stop(address?: string, why = "stopped", { force = false }: { readonly force?: boolean } = {}): Promise<void> {
    if (address !== undefined) return this.#stopOne(this.reads.get(address).address, why, force);
    this.#running = false;
    this.#detach();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#live.values()].map((live) => this.#end(live, "the hub stops", false)));
  }

  list(filter: WorkerFilter = {}): WorkerRecord[] {
    return this.reads.list(filter).map((record) => this.#fresh(record));
  }

  /** By any form of the address. @throws INPUT_INVALID, WORKER_UNKNOWN */
  get(address: string): WorkerRecord {
    return this.#fresh(this.reads.get(address));
  }

  find(address: string): WorkerRecord | undefined {
    const record = this.reads.find(address);
    return record && this.#fresh(record);
  }

  /** Whether a process of it runs or is about to; undefined: nobody of this name is known. */
  alive(address: string): boolean | undefined {
    const record = this.reads.find(address);
    if (!record) return undefined;
    return this.#live.has(address) || this.#starting.has(address) || this.#timers.has(address) || record.running;
  }

  /** Whether work on its hook is begun by starting a process. */
  isProgram(address: string): boolean {
    const record = this.reads.find(address);
    return record !== undefined && this.#starter.isProgram(record);
  }

  /** A worker that exists from now on. Again: its runner may change. @throws INPUT_INVALID, RUNNER_UNKNOWN */
  async register(
    who: string,
    { address: text, runner }: { readonly address: string; readonly runner?: string | undefined },
  ): Promise<WorkerRecord> {
    const { store, clock, config } = this.#options;
    const address = this.reads.address(text);
    if (runner !== undefined) runnerOf(runner, config().runners);
    const isNew = await store.commit(() => {
      if (this.reads.find(address.text)) {
        if (runner !== undefined) WorkerTable.change(store, address.text, { runner });
        return false;
      }
      WorkerTable.insert(store, address, runner, who, clock.now());
      return true;
    });
    if (isNew) this.tell("registered", address.text, { role: address.role });
    return this.get(address.text);
  }

  /** Within a transaction: there is such a worker from then on. @returns whether it is new */
  registerWithin(sql: WritableSql, address: Address, who: string): boolean {
    if (this.reads.find(address.text)) return false;
    WorkerTable.insert(sql, address, undefined, who, this.#options.clock.now());
    return true;
  }

  /** Within a transaction. */
  markWithin(sql: WritableSql, address: string, change: Pick<WorkerChange, Marked>): void {
    WorkerTable.change(sql, address, change);
  }

  /** @throws WORKER_UNKNOWN, HOOK_TAKEN while it has work or runs */
  async remove(address: string): Promise<void> {
    const { store } = this.#options;
    const record = this.get(address);
    if (record.hook !== undefined || this.alive(record.address)) {
      const hint = "Take its work away and stop it first: barnacle unsling, barnacle agents stop.";
      const message = `${record.address} ${record.hook === undefined ? "runs" : `has ${record.hook} on its hook`}`;
      throw new BarnacleError("HOOK_TAKEN", message, { hint });
    }
    await store.commit(() => WorkerTable.remove(store, record.address));
    this.tell("removed", record.address);
  }

  /** Says something to a running worker. @returns false when there is none that listens */
  async deliver(address: string, text: string, type: "nudge" | "mail" = "nudge"): Promise<boolean> {
    const found = this.reads.tryAddress(address);
    return (found && this.#live.get(found.text)?.run.send({ type, text })) ?? false;
  }

  /** The end of what it wrote. @throws WORKER_UNKNOWN */
  peek(address: string, lines = 100): string[] {
    return lastLines(path.join(this.#starter.directory(this.reads.get(address).address), "log"), lines);
  }

  /** @throws WORKER_UNKNOWN */
  async setState(address: string, state: WorkerState, reason?: string): Promise<void> {
    const record = this.reads.get(address);
    await this.#change(record.address, { state, reason: reason ?? null });
    const kind = state === "stuck" ? "stuck" : "state";
    this.tell(kind, record.address, { state, ...(reason === undefined ? {} : { reason }) });
  }

  /** Starts what hangs on its hook, unless it runs, was stopped by hand, is stuck, or waits for its next start. */
  async ensure(address: string): Promise<void> {
    const record = this.reads.find(address);
    if (!record?.hook || record.held || record.state === "stuck" || this.#live.has(address) || !this.#running) return;
    if (!this.#starter.isProgram(record)) return;
    const wait = (record.nextStartAt ?? 0) - this.#options.clock.now();
    if (wait > 0) return this.#later(address, wait);
    await this.#begin(address);
  }

  /** Its work is taken away: its process ends before this resolves. Never called from what that process waits for. */
  async finish(address: string, why: string, force = false): Promise<void> {
    this.#timers.get(address)?.();
    this.#timers.delete(address);
    await this.#starting.get(address)?.catch(() => undefined);
    const live = this.#live.get(address);
    if (live) await this.#end(live, why, force);
  }

  /** It is done, or hands off: its process has a while to end by itself. What hangs on its hook then is begun. */
  finishSoon(address: string, why: string): void {
    const live = this.#live.get(address);
    if (live) live.run.stopping ??= why;
    // Whoever said so hears first that it was accepted.
    setImmediate()
      .then(() => live?.run.end(why, { graceMs: this.#graceMs, patient: true }))
      .then(() => live?.over)
      .then(() => this.ensure(address))
      .catch((error: unknown) => this.#startFailed(address, error));
  }

  /** The worker gave a sign of life by another way than its output. */
  sawAlive(address: string): void {
    this.#live.get(address)?.heard("heartbeat");
  }

  /** Whose token it is, which is a sign of life. @throws AGENT_TOKEN */
  holder(token: string): { readonly address: string; readonly role: string } {
    const holder = holderOf(this.#options.store, token);
    if (!holder) throw new BarnacleError("AGENT_TOKEN", "no worker that runs has this token");
    this.sawAlive(holder.address);
    return holder;
  }

  /** Everything stands still until `release`. */
  async freeze(): Promise<readonly string[]> {
    for (const { run } of this.#live.values()) run.pause(true);
    return [...this.#live.keys()];
  }

  async release(): Promise<readonly string[]> {
    for (const { run } of this.#live.values()) run.pause(false);
    for (const { address, hook } of this.reads.list()) if (hook !== undefined) this.#ensureSoon(address);
    return [...this.#live.keys()];
  }

  async #startOne(address: string): Promise<void> {
    if (this.#live.has(address)) return;
    await this.#change(address, { held: false, restarts: 0, next_start_at: null, reason: null, state: "spawning" });
    await this.#begin(address);
  }

  async #stopOne(address: string, why: string, force: boolean): Promise<void> {
    await this.#change(address, { held: true, reason: why });
    await this.finish(address, why, force);
    await this.#change(address, { state: "idle" });
    this.tell("state", address, { state: "idle", reason: why });
  }

  #begin(address: string): Promise<void> {
    const going = this.#starting.get(address);
    if (going) return going;
    const start = this.#launch(address).finally(() => this.#starting.delete(address));
    this.#starting.set(address, start);
    return start;
  }

  async #launch(address: string): Promise<void> {
    const { estop, work } = this.#options;
    this.#timers.get(address)?.();
    this.#timers.delete(address);
    if (this.#live.has(address)) return;
    if (!this.#running) throw new BarnacleError("HUB_STOPPING", `${address} is not started: the hub stops`);
    estop?.refuse(`${address} is not started`);
    const record = this.reads.get(address);
    const job = work().assignment(address);
    if (!job && record.role === "polecat") {
      await this.#change(address, { state: "idle" });
      throw new BarnacleError("HOOK_EMPTY", `there is no work on the hook of ${address}`);
    }
    const { run, logAt } = await this.#starter.start(record, job);
    this.tell("started", address, {
      pid: run.id.pid,
      ...(job ? { bead: job.bead.id } : {}),
      restarts: record.restarts,
    });
    this.#watch(address, run, logAt);
  }

  #watch(address: string, run: WorkerRun, logAt: number): void {
    const live = new LiveWorker({
      ...this.#options,
      ...{ address, run, directory: this.#starter.directory(address), logAt },
      limits: this.#options.config().workers,
      tell: (kind, data) => this.tell(kind, address, data),
    });
    this.#live.set(address, live);
    live.start();
    run.exited
      .then((exit) => this.#ended(live, exit))
      .catch((error: unknown) => {
        this.#options.log.error({ address, error: messageOf(error) }, "the end of a worker could not be written down");
      });
  }

  /** After a start of the hub: a process that an earlier one had started, or what it left behind. */
  async #findAgain({ address }: WorkerRecord): Promise<void> {
    const { store, clock, log } = this.#options;
    const row = store.one("SELECT run_id, pid, pid_start, log_at FROM workers WHERE address = ?", address);
    const runId = String(row?.run_id);
    const known = row?.pid ? { pid: Number(row.pid), startTime: String(row.pid_start) } : leaderOf(runId);
    const logAt = Number(row?.log_at);
    if (known && isAlive(known)) {
      await this.#change(address, { pid: known.pid, pid_start: known.startTime, state: "working" });
      log.info({ address, pid: known.pid }, "a worker is found again");
      this.#watch(address, WorkerRun.adopt(runId, known, this.#starter.directory(address), clock), logAt);
      return;
    }
    signalAll(processesOf(runId), "SIGKILL");
    const gone = WorkerRun.gone(runId, known ?? { pid: 0, startTime: "" }, clock);
    this.#watch(address, gone, logAt);
    await this.#live.get(address)?.over;
  }

  /** A process has ended: its last words are acted on, then it is judged. */
  async #ended(live: LiveWorker, exit: Exit): Promise<void> {
    const { worktrees, log, work } = this.#options;
    const { address, run } = live;
    await live.stop();
    signalAll(processesOf(run.runId), "SIGKILL");
    const record = this.reads.find(address);
    this.#live.delete(address);
    try {
      if (!record) return;
      const job = work().assignment(address);
      const began = record.bead === job?.bead.id ? job : undefined;
      const stopping = run.stopping ?? (began ? undefined : "its work is another");
      const ending = { record, job, exit, stopping, limit: live.limit };
      await this.#judge(address, ending, { run_id: null, pid: null, pid_start: null, token: null, log_at: live.logAt });
      // The same work goes on in the same worktree.
      if (began || record.rig === undefined) return;
      await worktrees?.release(address).catch((error: unknown) => {
        log.warn({ address, error: messageOf(error) }, "a worktree stays as it is");
      });
    } finally {
      live.settle();
    }
  }

  async #judge(address: string, ending: Omit<Ending, "limits" | "now">, also: WorkerChange): Promise<void> {
    const { store, clock, config } = this.#options;
    const found = judge({ ...ending, limits: config().workers, now: clock.now() });
    await store.commit(() => {
      WorkerTable.change(store, address, { ...found.change, ...also });
      if (found.death) WorkerTable.addDeath(store, address, found.death);
    });
    const { died, restarts, why } = found;
    const bead = ending.job?.bead.id ?? ending.record.bead;
    const data = { why, ...ending.exit, ...(bead === undefined ? {} : { bead }), died, restarts };
    this.tell("exited", address, data);
    if (found.stuck) this.tell("stuck", address, { ...data, reason: "crash loop" });
    if (found.again !== undefined) this.#later(address, found.again);
  }

  async #end(live: LiveWorker, why: string, force: boolean): Promise<void> {
    await live.run.end(why, { graceMs: this.#graceMs, force });
    await live.over;
  }

  get #graceMs(): number {
    return this.#options.config().workers.graceS * 1000;
  }

  #later(address: string, ms: number): void {
    if (!this.#running) return;
    this.#timers.get(address)?.();
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(address);
      this.#ensureSoon(address);
    });
    this.#timers.set(address, cancel);
  }

  #ensureSoon(address: string): void {
    this.ensure(address).catch((error: unknown) => this.#startFailed(address, error));
  }

  /** A start that fails counts like a process that dies at once. */
  async #startFailed(address: string, error: unknown): Promise<void> {
    const { log, work } = this.#options;
    if (WAITS.has(toBarnacleError(error).code)) return;
    log.warn({ address, error: messageOf(error) }, "a worker could not be started");
    const record = this.reads.find(address);
    const job = work().assignment(address);
    if (!record || !job || !this.#running) return;
    const ending = { record: { ...record, running: false }, job, exit: {}, limit: messageOf(error) };
    await this.#judge(address, ending, {}).catch((problem: unknown) => {
      log.error({ address, error: messageOf(problem) }, "a failed start is not recorded");
    });
  }

  #fresh(record: WorkerRecord): WorkerRecord {
    const live = this.#live.get(record.address);
    return live ? { ...record, ...live.signs } : record;
  }

  async #change(address: string, change: WorkerChange): Promise<void> {
    const { store } = this.#options;
    await store.commit(() => WorkerTable.change(store, address, change));
  }
}
