import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { MayorConfig } from "../config/roles.ts";
import { RoleWishes } from "../supervisor/wishes.ts";
import type { TownBase } from "../town/part.ts";
import { decide } from "./decide.ts";
import { Deeds } from "./deeds.ts";
import type { GoalRequest } from "./goal.ts";
import { type Goal, Goals } from "./goals.ts";
import { type Candidate, HUB, type Lease, MayorLeases } from "./lease.ts";
import type { MayorPorts } from "./ports.ts";

export interface MayorOptions extends TownBase {
  readonly settings: () => MayorConfig;
  readonly ports: MayorPorts;
}

const MS = 1000;
const SOON_MS = 50;
const FAULT_MS = 60_000;
/** Of a lease: so often is it renewed within its length. */
const BEATS = 3;

/**
 * Turns goals into work and sees them through: one convoy for each, its beads given out as they become ready, one report
 * when they are done. Everything it decides follows from the store, so it goes on where it was after a restart. It does so
 * only while it has the lease of the workspace.
 */
export class Mayor implements Unit {
  readonly #options: MayorOptions;
  readonly #goals: Goals;
  readonly #leases: MayorLeases;
  readonly #wishes: RoleWishes;
  readonly #deeds: Deeds;
  /** This run of the hub. */
  readonly #me: Candidate;
  #running = false;
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(options: MayorOptions) {
    const { store, random } = options;
    this.#options = options;
    this.#goals = new Goals(store);
    this.#leases = new MayorLeases(store);
    this.#wishes = new RoleWishes(store);
    this.#deeds = new Deeds(options);
    this.#me = { holder: HUB, process: random.uuid() };
  }

  async start(): Promise<void> {
    const { beads } = this.#options;
    this.#running = true;
    beads.events.on(
      "changed",
      ({ events }) => {
        if (this.#goals.someOpen && events.length > 0) this.#after(SOON_MS);
      },
      this,
    );
    await this.round();
  }

  /** The leases of this hub are given back: whoever comes next need not wait. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#options.beads.events.dropOwner(this);
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#round.catch(() => undefined);
    const mine = this.#mine();
    if (mine.length === 0) return;
    await this.#write((now) => {
      for (const { workspace } of mine) this.#leases.end(workspace, now);
    });
  }

  /** Whether something is due some time. */
  get watching(): boolean {
    return this.#timer !== undefined;
  }

  /**
   * A goal becomes beads, one for each item, and later one convoy. Asked again with the same key it is the same goal.
   * @throws INPUT_INVALID, RIG_UNKNOWN, BEAD_REFUSED
   */
  async goal(who: string, request: GoalRequest): Promise<Goal> {
    const goal = await this.#deeds.plan(who, request);
    this.#emit(goal.id, "goal", { title: goal.title });
    await this.round();
    return this.#goals.find(goal.id) ?? goal;
  }

  /** What was not begun is not given out any more; what is under way goes on. @throws NOT_FOUND, CONFLICT */
  async cancel(id: string): Promise<Goal> {
    const goal = this.#goals.find(id);
    if (!goal) throw new BarnacleError("NOT_FOUND", `no goal has the id ${id.slice(0, 60)}`);
    const open = await this.#write((now) => this.#goals.finish(id, "cancelled", now));
    if (!open) throw new BarnacleError("CONFLICT", `${id} is ${goal.state} already`);
    this.#emit(id, "cancelled");
    return this.#goals.find(id) ?? goal;
  }

  /**
   * Makes the hub, or `holder` in its place, mayor of a workspace, from now on and over restarts.
   * @throws CONFLICT when somebody is mayor who is not gone
   */
  async begin(who: string, workspace: string, holder = HUB, leaseMs = this.#leaseMs): Promise<Lease> {
    const candidate = holder === HUB ? this.#me : { holder, process: holder };
    const lease = await this.#write((now) => {
      const mayor = this.#leases.holderOf(workspace, now, this.#me.process);
      const said = this.#wishes.find("mayor", workspace)?.wanted === "running";
      this.#wishes.say("mayor", workspace, "running", who, now);
      // It was mayor because there was a goal; from now on it is because somebody said so.
      if (mayor?.holder === HUB && holder === HUB && !said) return mayor;
      return this.#leases.take(workspace, candidate, now, leaseMs, this.#me.process);
    });
    this.#emit(workspace, "started", { holder, term: lease.term });
    await this.round();
    return lease;
  }

  /** Of who does it in the hub's place. @throws CONFLICT when it is mayor no more */
  async beat(workspace: string, holder: string, leaseMs = this.#leaseMs): Promise<Lease> {
    const ok = await this.#write((now) => this.#leases.beat(workspace, { holder, process: holder }, now, leaseMs));
    const lease = this.#leases.find(workspace);
    if (ok && lease) return lease;
    throw new BarnacleError("CONFLICT", `${holder} is not mayor of ${workspace}: ${lease?.holder ?? "nobody"} is`, {
      hint: "Its lease ended. Start it again: barnacle mayor start --as …",
    });
  }

  /** Nobody is mayor of it until somebody says so; goals wait. */
  async end(who: string, workspace: string): Promise<void> {
    await this.#write((now) => {
      this.#wishes.say("mayor", workspace, "stopped", who, now);
      this.#leases.end(workspace, now);
    });
    this.#emit(workspace, "stopped");
    await this.round();
  }

  /** Whether this hub is mayor of a workspace. */
  isMayor(workspace: string): boolean {
    return this.#mine().some((lease) => lease.workspace === workspace);
  }

  /** Does what is to be done now. */
  round(): Promise<void> {
    if (!this.#running) return Promise.resolve();
    this.#round = this.#round.catch(() => undefined).then(() => this.#look());
    return this.#round;
  }

  async #look(): Promise<void> {
    const { clock, log } = this.#options;
    const open = this.#goals.open();
    for (const workspace of new Set(open.map((goal) => goal.workspace))) await this.#reign(workspace);
    await this.#stayOrGo(new Set(open.map((goal) => goal.workspace)));
    const mine = new Set(this.#mine().map(({ workspace }) => workspace));
    const goals = open.filter(({ workspace }) => mine.has(workspace));
    for (const action of decide(goals.map((goal) => this.#goals.stateOf(goal, clock.now())))) {
      const goal = goals.find(({ id }) => id === action.goal) as Goal;
      try {
        if (await this.#deeds.carryOut(goal, action)) this.#emit(goal.id, action.kind, { ...action });
        // Its beads are given out in the next look.
        if (action.kind === "convoy") this.#after(0);
      } catch (error) {
        log.warn({ goal: goal.id, action: action.kind, error: messageOf(error) }, "the mayor could not do something");
        this.#after(FAULT_MS);
      }
    }
    this.#arm(open);
  }

  /** Renews leases that are kept, gives back those that nothing needs, takes those that were asked for. */
  async #stayOrGo(needed: ReadonlySet<string>): Promise<void> {
    const { store, clock } = this.#options;
    for (const workspace of this.#leases.workspaces()) {
      const asked = this.#wishes.find("mayor", workspace)?.wanted === "running";
      if (asked && !needed.has(workspace)) await this.#reign(workspace);
    }
    for (const { workspace, beatenAt, until } of this.#mine()) {
      const asked = this.#wishes.find("mayor", workspace)?.wanted === "running";
      if (!asked && !needed.has(workspace)) {
        await this.#write((now) => this.#leases.end(workspace, now));
        this.#emit(workspace, "rests");
      } else if (clock.now() - beatenAt >= this.#leaseMs / BEATS || until - clock.now() < this.#leaseMs / BEATS) {
        // A power cut may take a heartbeat back: then this process is gone as well.
        store.relaxed(() => this.#leases.beat(workspace, this.#me, clock.now(), this.#leaseMs));
      }
    }
  }

  /** Becomes mayor where nobody is and nobody said that there is to be none. */
  async #reign(workspace: string): Promise<void> {
    if (!this.#wishes.wanted("mayor", workspace) || this.isMayor(workspace)) return;
    try {
      const before = this.#leases.find(workspace);
      const lease = await this.#write((now) =>
        this.#leases.take(workspace, this.#me, now, this.#leaseMs, this.#me.process),
      );
      const overdue = before !== undefined && before.until > this.#options.clock.now();
      this.#emit(workspace, overdue ? "taken-over" : "started", { term: lease.term, holder: HUB });
    } catch (error) {
      if (!hasCode(error, "CONFLICT")) throw error;
    }
  }

  /** The next heartbeat, or the end of somebody else's lease. */
  #arm(open: readonly Goal[]): void {
    const now = this.#options.clock.now();
    if (this.#mine().length > 0) this.#after(this.#leaseMs / BEATS);
    for (const workspace of new Set([...open.map((goal) => goal.workspace), ...this.#leases.workspaces()])) {
      const lease = this.#leases.find(workspace);
      if (!lease || lease.holder === HUB || lease.until <= now) continue;
      if (this.#wishes.wanted("mayor", workspace)) this.#after(lease.until - now + 1);
    }
  }

  #mine(): Lease[] {
    const now = this.#options.clock.now();
    return this.#leases
      .workspaces()
      .map((workspace) => this.#leases.find(workspace))
      .filter((lease) => lease !== undefined)
      .filter((lease) => lease.process === this.#me.process && lease.until > now);
  }

  get #leaseMs(): number {
    return this.#options.settings().leaseSeconds * MS;
  }

  #after(ms: number): void {
    if (!this.#running) return;
    const { clock, log } = this.#options;
    const at = clock.monotonic() + ms;
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = clock.after(ms, () => {
      this.#timer = undefined;
      this.round().catch((error: unknown) => {
        log.error({ error: messageOf(error) }, "the mayor's round broke off");
        this.#after(FAULT_MS);
      });
    });
    this.#timer = { at, cancel };
  }

  #write<T>(change: (now: number) => T): Promise<T> {
    const { store, clock } = this.#options;
    return store.commit(() => change(clock.now()));
  }

  #emit(id: string, kind: string, data?: Readonly<Record<string, unknown>>): void {
    const { events, clock, log } = this.#options;
    try {
      events.emit("changed", { noun: "mayor", id, kind, at: clock.now(), ...(data ? { data } : {}) });
    } catch (error) {
      log.error({ id, kind, error: messageOf(error) }, "what the mayor did could not be told");
    }
  }
}
