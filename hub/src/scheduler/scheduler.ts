import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { BeadWriter } from "../beads/index.ts";
import type { SchedulerConfig } from "../config/roles.ts";
import type { TownBase } from "../town/part.ts";
import { type DispatchPlan, type DispatchView, hasRoom, plan } from "./plan.ts";
import type { SchedulerPorts } from "./ports.ts";
import { type Listed, ScheduleQueue } from "./queue.ts";

export interface SchedulerOptions extends TownBase {
  readonly settings: () => SchedulerConfig;
  readonly ports: SchedulerPorts;
}

export interface EnqueueRequest {
  readonly bead: string;
  readonly rig: string;
  /** One agent of the rig; default: any polecat. */
  readonly to?: string | undefined;
  /** Default: the bead's own. */
  readonly priority?: number | undefined;
  readonly args?: Readonly<Record<string, unknown>> | undefined;
}

export interface Queued {
  readonly bead: string;
  readonly rig: string;
  readonly queued: true;
  /** It waited already. */
  readonly already: boolean;
  /** Earlier, in ms since 1970, it is not given out. */
  readonly notBefore: number;
}

const MS = 1000;
/** Changes come in swarms. */
const SOON_MS = 20;
/** After a fault of the store. */
const FAULT_MS = 60_000;
const STOPPED: string = "ESTOPPED";
const LONGEST_MS = 2_000_000_000;
/** What of other nouns can make room or close the door. */
const MATTERS: ReadonlySet<string> = new Set(["workers", "hooks", "rigs", "estop"]);

/**
 * Gives waiting beads to workers as there is room. What waits lies in the store, its bead untouched; a bead that could not
 * be given out waits longer each time, and after the last time for a person.
 */
export class Scheduler implements Unit {
  readonly #options: SchedulerOptions;
  readonly #queue: ScheduleQueue;
  #running = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #round: Promise<number> | undefined;
  #again = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#queue = new ScheduleQueue(options.store);
  }

  async start(): Promise<void> {
    const { beads, events } = this.#options;
    this.#running = true;
    beads.events.on("changed", () => this.#soon(), this);
    events.on(
      "changed",
      ({ noun, kind }) => {
        if (MATTERS.has(noun) && kind !== "heartbeat" && kind !== "progress") this.#soon();
      },
      this,
    );
    this.#soon();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.beads.events.dropOwner(this);
    this.#options.events.dropOwner(this);
    this.#disarm();
    await this.#round?.catch(() => undefined);
  }

  /** Whether work for any worker of a rig can be given out at once; else it is queued here. */
  hasRoom(rig: string): boolean {
    return hasRoom(this.#view(), this.#options.settings(), rig, this.#options.clock.now());
  }

  /** For use within a transaction; `told` afterwards. @throws BEAD_UNKNOWN, BEAD_REFUSED */
  put(writer: BeadWriter, { bead, rig, to, priority, args }: EnqueueRequest): Queued {
    const { bead: found } = writer.need(bead);
    if (["closed", "tombstone"].includes(found.status)) {
      throw new BarnacleError("BEAD_REFUSED", `${bead} is not queued: it is ${found.status}`, { details: { bead } });
    }
    if (["hooked", "in_progress"].includes(found.status)) {
      throw new BarnacleError("BEAD_REFUSED", `${bead} is not queued: ${found.assignee ?? "somebody"} has it already`, {
        details: { bead, assignee: found.assignee ?? null },
      });
    }
    const queue = new ScheduleQueue(writer.sql);
    const already = queue.has(bead);
    const last = queue.lastOf(bead);
    const notBefore = last === undefined ? 0 : last + this.#options.settings().redispatchSeconds * MS;
    const entry = { bead, rig, target: to ?? rig, priority: priority ?? found.priority, who: writer.who };
    queue.put({ ...entry, ...(args === undefined ? {} : { args }), queuedAt: writer.now, notBefore });
    return { bead, rig, queued: true, already, notBefore };
  }

  /** Lets a bead wait for a worker of its rig. Asked again, it keeps its place, and failures are forgotten. @throws as `put` */
  async enqueue(who: string, request: EnqueueRequest): Promise<Queued> {
    const queued = await this.#options.beads.write(who, (writer) => this.put(writer, request));
    this.told(queued.bead);
    return queued;
  }

  /** After a transaction with `put`. */
  told(bead: string): void {
    this.#emit(bead, "queued");
    this.#soon();
  }

  async pause(who: string): Promise<void> {
    await this.#write(() => this.#queue.pause(who, this.#options.clock.now()));
    this.#emit("scheduler", "paused");
  }

  async resume(): Promise<void> {
    await this.#write(() => this.#queue.resume());
    this.#emit("scheduler", "resumed");
    this.#soon();
  }

  /** Takes one bead, or all, out of the queue. @returns those that were in it */
  async clear(bead?: string): Promise<string[]> {
    const gone = await this.#write(() =>
      this.#queue
        .list(this.#options.clock.now())
        .map((entry) => entry.bead)
        .filter((id) => bead === undefined || id === bead)
        .filter((id) => this.#queue.remove(id)),
    );
    for (const id of gone) this.#emit(id, "cleared");
    return gone;
  }

  /** Gives out now what there is room for. @returns how many beads */
  run(): Promise<number> {
    this.#again = true;
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  /** How many beads wait. */
  get size(): number {
    return this.#queue.size;
  }

  list(): Listed[] {
    return this.#queue.list(this.#options.clock.now());
  }

  async #rounds(): Promise<number> {
    let given = 0;
    while (this.#again) {
      this.#again = false;
      const { drop, dispatch, wakeAt } = this.#plan();
      if (drop.length > 0) {
        await this.#write(() => {
          for (const { bead } of drop) this.#queue.remove(bead);
        });
      }
      for (const { bead } of drop) this.#emit(bead, "dropped");
      for (const one of dispatch) {
        const outcome = await this.#dispatch(one);
        if (outcome === "given") given++;
        if (outcome !== "stopped") this.#again = true;
      }
      if (!this.#again) this.#arm(wakeAt);
    }
    return given;
  }

  #plan(): DispatchPlan<Listed> {
    return plan(this.#view(), this.#options.settings(), this.#options.clock.now());
  }

  #view(): DispatchView<Listed> {
    const { clock, ports } = this.#options;
    return {
      paused: this.#queue.paused.paused || ports.stopped(),
      waiting: this.#queue.list(clock.now()),
      busy: this.#queue.busy(),
      closed: ports.closedRigs(),
    };
  }

  async #dispatch(one: Listed): Promise<"given" | "failed" | "stopped"> {
    const { ports, clock, log } = this.#options;
    const { bead, target, who, args } = one;
    try {
      const { agent } = await ports.sling(who, { bead, to: target, ...(args === undefined ? {} : { args }) });
      await this.#write(() => {
        this.#queue.remove(bead);
        this.#queue.dispatched(bead, agent, clock.now());
      });
      this.#emit(bead, "dispatched", { agent });
      return "given";
    } catch (error) {
      log.warn({ bead, target, error: messageOf(error) }, "a bead could not be given out");
      // The stop came between the plan and the sling: that is nobody's failure.
      if (toBarnacleError(error).code === STOPPED) return "stopped";
      await this.#failed(one, messageOf(error));
      return "failed";
    }
  }

  async #failed({ bead, target, who, failures: before }: Listed, problem: string): Promise<void> {
    const { settings, clock, ports } = this.#options;
    const { failures: most, backoffSeconds } = settings();
    const failures = before + 1;
    const broken = failures >= most;
    if (broken) {
      // Before it is marked, so that a crash between the two tells it again instead of never.
      await ports.report({
        ...{ key: `dispatch:${bead}`, bead, to: who },
        subject: `${bead} could not be given to ${target}`,
        reason: `It failed ${failures} times, the last time: ${problem}. Queue it again once that is mended.`,
      });
    }
    const notBefore = clock.now() + backoffSeconds * MS * 2 ** (failures - 1);
    await this.#write(() => this.#queue.failed(bead, failures, notBefore, broken, problem));
    this.#emit(bead, broken ? "broken" : "failed", { failures });
  }

  #soon(): void {
    if (this.#running && this.#queue.size > 0) this.#after(SOON_MS);
  }

  #arm(wakeAt: number | undefined): void {
    if (!this.#running || wakeAt === undefined) return;
    this.#after(Math.min(Math.max(SOON_MS, wakeAt - this.#options.clock.now()), LONGEST_MS));
  }

  #after(ms: number): void {
    const { clock, log } = this.#options;
    const at = clock.monotonic() + ms;
    if (this.#timer && this.#timer.at <= at) return;
    this.#disarm();
    const cancel = clock.after(ms, () => {
      this.#timer = undefined;
      this.run().catch((error: unknown) => {
        log.error({ error: messageOf(error) }, "waiting work could not be given out");
        this.#arm(clock.now() + FAULT_MS);
      });
    });
    this.#timer = { at, cancel };
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #write<T>(change: () => T): Promise<T> {
    return this.#options.store.commit(change);
  }

  #emit(id: string, kind: string, data?: Readonly<Record<string, unknown>>): void {
    const { events, clock } = this.#options;
    events.emit("changed", { noun: "scheduler", id, kind, at: clock.now(), ...(data ? { data } : {}) });
  }
}
