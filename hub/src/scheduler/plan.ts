import type { SchedulerConfig } from "../config/roles.ts";

/** What the bead of an entry is. `blocked`: it waits for others; `taken`: somebody has it; `gone`: closed or deleted. */
export type BeadState = "ready" | "blocked" | "taken" | "gone";

/** A bead that waits to be given to a worker. */
export interface Waiting {
  readonly bead: string;
  readonly rig: string;
  /** The rig itself, or the address of one of its agents. */
  readonly target: string;
  /** 0 to 4. */
  readonly priority: number;
  readonly queuedAt: number;
  /** Not given out earlier, in ms since 1970. */
  readonly notBefore: number;
  readonly failures: number;
  /** Giving it out failed too often: it waits for a person. */
  readonly broken: boolean;
  readonly state: BeadState;
}

export interface DispatchView<T extends Waiting = Waiting> {
  /** By a person, or by the emergency stop. */
  readonly paused: boolean;
  readonly waiting: readonly T[];
  /** Addresses of workers that have work, with their rig. */
  readonly busy: ReadonlyMap<string, string>;
  /** Rigs that take no work now. */
  readonly closed: ReadonlySet<string>;
}

export interface DispatchPlan<T extends Waiting = Waiting> {
  /** In this order. */
  readonly dispatch: readonly T[];
  /** Nothing is left to do for these. */
  readonly drop: readonly T[];
  /** When the next of the others may go, if only time stands against it. */
  readonly wakeAt: number | undefined;
}

const MS = 1000;

/**
 * What is given out now. The more urgent goes first, and waiting for `agingSeconds` counts as one priority: whatever comes
 * later than four of those after a bead never goes before it.
 */
export function plan<T extends Waiting>(view: DispatchView<T>, limits: SchedulerConfig, now: number): DispatchPlan<T> {
  const drop = view.waiting.filter(({ state }) => state === "gone" || state === "taken");
  const open = view.waiting.filter(({ state, broken, rig }) => state === "ready" && !broken && !view.closed.has(rig));
  if (view.paused) return { dispatch: [], drop, wakeAt: undefined };
  const due = open.filter(({ notBefore }) => notBefore <= now).sort((a, b) => inOrder(a, b, limits));
  const room = new Room(view.busy, limits);
  const dispatch = due.filter((one) => room.take(one));
  const later = open.filter(({ notBefore }) => notBefore > now).map(({ notBefore }) => notBefore);
  return { dispatch, drop, wakeAt: later.length === 0 ? undefined : Math.min(...later) };
}

function inOrder(a: Waiting, b: Waiting, { agingSeconds }: SchedulerConfig): number {
  const place = ({ queuedAt, priority }: Waiting) => queuedAt + priority * agingSeconds * MS;
  return place(a) - place(b) || a.queuedAt - b.queuedAt || (a.bead < b.bead ? -1 : 1);
}

/** Whether something new for this rig need not wait: there is a place, and nothing that is ready waits for one. */
export function hasRoom(view: DispatchView, limits: SchedulerConfig, rig: string, now: number): boolean {
  if (view.paused || view.closed.has(rig)) return false;
  const { dispatch } = plan(view, limits, now);
  const room = new Room(view.busy, limits);
  const all = dispatch.every((one) => room.take(one));
  const waits = view.waiting.some(
    (one) => one.rig === rig && one.state === "ready" && !one.broken && one.notBefore <= now,
  );
  return all && !waits && room.take({ ...PROBE, rig, target: rig });
}

const PROBE: Omit<Waiting, "rig" | "target"> = {
  ...{ bead: "", priority: 0, queuedAt: 0, notBefore: 0, failures: 0, broken: false, state: "ready" },
};

/** Places for workers that are left. */
class Room {
  readonly #busy: Set<string>;
  readonly #perRig = new Map<string, number>();
  readonly #limits: SchedulerConfig;
  #all: number;

  constructor(busy: ReadonlyMap<string, string>, limits: SchedulerConfig) {
    this.#busy = new Set(busy.keys());
    this.#limits = limits;
    this.#all = busy.size;
    for (const rig of busy.values()) this.#add(rig);
  }

  /** @returns whether there was one for it, which it has now */
  take({ rig, target }: Waiting): boolean {
    const { maxWorkers, maxPerRig } = this.#limits;
    if (this.#busy.has(target)) return false;
    if (maxWorkers > 0 && this.#all >= maxWorkers) return false;
    if (maxPerRig > 0 && (this.#perRig.get(rig) ?? 0) >= maxPerRig) return false;
    if (target !== rig) this.#busy.add(target);
    this.#all++;
    this.#add(rig);
    return true;
  }

  #add(rig: string): void {
    this.#perRig.set(rig, (this.#perRig.get(rig) ?? 0) + 1);
  }
}
