import path from "node:path";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Beads, BeadWriter } from "../beads/index.ts";
import type { Store } from "../store/index.ts";
import { GateRunner } from "./gates.ts";
import { RefineryGit } from "./git.ts";
import { Journal, type Run } from "./journal.ts";
import { Mirror } from "./mirror.ts";
import type { Outcomes } from "./outcomes.ts";
import type { RefineryPorts, RefineryRig } from "./ports.ts";
import { birthOf } from "./process-group.ts";
import { type MergeSettings, mergeSettings } from "./settings.ts";
import { Tree } from "./tree.ts";

export interface WorkshopOptions {
  readonly store: Store;
  readonly beads: Beads;
  readonly clock: Clock;
  readonly log: Log;
  readonly ports: RefineryPorts;
  readonly outcomes: Outcomes;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For tests: called with the name of each step, once it is reached. */
  readonly step?: ((name: string) => void | Promise<void>) | undefined;
}

/** What a rig's merges are made with; made anew for each run, so that settings hold from the next one on. */
export class Workshop {
  readonly rig: RefineryRig;
  readonly who: string;
  readonly settings: MergeSettings;
  readonly mirror: Mirror;
  readonly tree: Tree;
  readonly options: WorkshopOptions;

  constructor(rig: RefineryRig, options: WorkshopOptions) {
    this.rig = rig;
    this.options = options;
    this.who = `${rig.name}/refinery`;
    this.settings = mergeSettings(rig.mergeQueue);
    const { rigs } = options.ports;
    const git = new RefineryGit(rigs.git(rig.name), rig.repo, this.who);
    this.mirror = new Mirror({
      ...{ git, pushes: rig.push !== "never", log: options.log },
      turn: (work) => rigs.turn(rig.name, work),
      advance: (branch, to, from) => rigs.advance(rig.name, branch, to, from),
    });
    this.tree = new Tree({ git, dir: path.join(rig.directory, "refinery") });
  }

  write<T>(change: (writer: BeadWriter) => T): Promise<T> {
    return this.options.beads.write(this.who, change);
  }

  /** Notes in the journal, on disk when it resolves. */
  note(run: number, changes: Parameters<Journal["change"]>[1]): Promise<Run> {
    const { store } = this.options;
    return store.commit(() => new Journal(store).change(run, changes));
  }

  logOf(run: number): string {
    return path.join(this.options.store.stateDir, "merge-logs", this.rig.name, `${run}.log`);
  }

  gates(run: number, signal: AbortSignal): GateRunner {
    const { clock, env, store } = this.options;
    return new GateRunner({
      ...{ settings: this.settings, rig: this.rig.name, dir: this.tree.dir, log: this.logOf(run), signal, clock, env },
      started: (name, pid) => {
        const born = birthOf(pid);
        if (born === undefined) return;
        store.transaction(() => {
          new Journal(store).change(run, { gate: { name, pid, born } });
          store.run("UPDATE merge_requests SET claimed_at = ? WHERE run = ?", clock.now(), run);
        });
      },
    });
  }

  async step(name: string): Promise<void> {
    await this.options.step?.(name);
  }
}
