import { startAll, stopAll, type Unit } from "@barnacle/protocol/runtime";
import type { Beads } from "../beads/index.ts";
import type { Convoys } from "../convoys/index.ts";
import type { Escalations } from "../escalations/index.ts";
import { EmergencyStop } from "../estop/index.ts";
import type { Formulas } from "../formulas/index.ts";
import type { Hooks } from "../hooks/index.ts";
import type { Mail, Nudges } from "../mail/index.ts";
import type { Mayor } from "../mayor/index.ts";
import type { Refinery } from "../refinery/index.ts";
import type { Rigs } from "../rigs/index.ts";
import type { Scheduler } from "../scheduler/index.ts";
import type { Supervisor } from "../supervisor/index.ts";
import type { Witness } from "../witness/index.ts";
import type { Workers } from "../workers/index.ts";
import type { Workspaces } from "../workspaces/index.ts";
import type { Worktrees } from "../worktrees/index.ts";
import { convoyParts } from "./convoys.ts";
import { formulaParts } from "./formulas.ts";
import { messageParts, NOBODY } from "./messages.ts";
import type { TownReading } from "./operations.ts";
import type { TownBase } from "./part.ts";
import { RefineryBrake, refineryPart } from "./refinery.ts";
import { rigParts } from "./rigs.ts";
import { roleParts } from "./roles.ts";
import { reaching, workerParts } from "./workers.ts";

/**
 * Everything that works on beads, joined: the only file that knows every part of it. Started inside a hub; beside a stopped
 * hub it is made but not started, and serves what needs no processes and no timers.
 */
export class Town implements Unit {
  readonly beads: Beads;
  readonly convoys: Convoys;
  readonly workspaces: Workspaces;
  readonly rigs: Rigs;
  readonly worktrees: Worktrees;
  readonly refinery: Refinery;
  readonly scheduler: Scheduler;
  readonly witness: Witness;
  readonly mayor: Mayor;
  readonly supervisor: Supervisor;
  /** The hub's own; beside a stopped hub one on its store. */
  readonly estop: EmergencyStop;
  readonly mail: Mail;
  readonly nudges: Nudges;
  readonly escalations: Escalations;
  readonly workers: Workers;
  readonly hooks: Hooks;
  readonly formulas: Formulas;
  readonly #base: TownBase;
  /** In the order of their start. */
  readonly #units: readonly Unit[];

  constructor(base: TownBase) {
    this.#base = base;
    this.beads = base.beads;
    const { scheduler, witness, mayor, supervisor } = roleParts(base, () => this);
    this.scheduler = scheduler;
    this.witness = witness;
    this.mayor = mayor;
    this.supervisor = supervisor;
    this.estop = base.hub?.estop ?? new EmergencyStop(base);
    // Each needs the others, but not before it is asked something.
    const later = { hooks: () => this.hooks, workers: () => this.workers };
    const deliver = base.hub ? reaching(later.workers) : NOBODY;
    const { mail, nudges, escalations } = messageParts(base, { deliver });
    this.mail = mail;
    this.nudges = nudges;
    this.escalations = escalations;
    const { workspaces, rigs, worktrees } = rigParts(base, () => this.refinery);
    this.workspaces = workspaces;
    this.rigs = rigs;
    this.worktrees = worktrees;
    const { estop } = this;
    const convoys = convoyParts(base, { rigs, worktrees, nudges, scheduler, ...later });
    this.convoys = convoys;
    const refinery = refineryPart(base, { rigs, estop, escalations, ...later });
    this.refinery = refinery;
    this.formulas = formulaParts(base, convoys);
    const brake = new RefineryBrake(refinery, estop);
    const ways = { convoys, estop, rigs, worktrees, escalations, submit: refinery };
    const { workers, hooks } = workerParts(base, ways);
    this.workers = workers;
    this.hooks = hooks;
    const works = [rigs, worktrees, convoys, this.formulas, hooks, workers, brake, refinery];
    this.#units = [nudges, mail, escalations, ...works, scheduler, witness, mayor, supervisor];
  }

  async start(): Promise<void> {
    await startAll(this.#units);
  }

  async stop(): Promise<void> {
    await stopAll(this.#units);
  }

  /** For questions by name. */
  reading(): TownReading {
    const { store, clock, beads } = this.#base;
    return { sql: store, reads: beads.reads, now: () => clock.now(), stateDir: store.stateDir };
  }
}
