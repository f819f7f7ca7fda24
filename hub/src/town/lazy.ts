import { type Clock, Events, type Log, type Random } from "@barnacle/protocol/runtime";
import type { BeadsService, TownService } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { Town } from "./index.ts";
import type { TownEvents, TownHub } from "./part.ts";

/** Each is true while something of the town has to run, though nobody asks: a worker, a merge, a lease that ends. */
const AWAKE: readonly string[] = [
  "SELECT 1 FROM mail_overseer WHERE inbox_id IS NULL",
  "SELECT 1 FROM escalations WHERE due_at IS NOT NULL",
  "SELECT 1 FROM escalation_sends",
  "SELECT 1 FROM beads INDEXED BY beads_convoys WHERE issue_type = 'convoy' AND status = 'open'",
  "SELECT 1 FROM beads INDEXED BY beads_gates WHERE issue_type = 'gate' AND status = 'open' AND json_extract(line, '$.await_type') = 'condition'",
  "SELECT 1 FROM formula_wisps",
  "SELECT 1 FROM schedule_entries",
  "SELECT 1 FROM mayor_goals WHERE state IN ('planned', 'running')",
  "SELECT 1 FROM role_wishes WHERE role = 'mayor' AND wanted = 'running'",
  "SELECT 1 FROM rigs WHERE state IN ('adding', 'removing')",
  "SELECT 1 FROM worktrees WHERE state <> 'ready'",
  "SELECT 1 FROM merge_requests WHERE state != 'closed'",
  "SELECT 1 FROM merge_runs WHERE stage != 'done'",
  "SELECT 1 FROM hooks",
  "SELECT 1 FROM workers WHERE run_id IS NOT NULL",
];

export interface LazyTownOptions {
  readonly store: Store;
  readonly beads: BeadsService;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hub: TownHub;
}

/** The hub's town, loaded when it is first asked for, or at the start when something of it has to run. */
export class LazyTown implements TownService {
  readonly events = new Events<TownEvents>();
  readonly #options: LazyTownOptions;
  #town: Promise<Town> | undefined;
  #stopped = false;

  constructor(options: LazyTownOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stopped = false;
    const { store } = this.#options;
    if (AWAKE.some((question) => store.one(`SELECT EXISTS (${question}) AS yes`)?.yes === 1)) await this.open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const town = this.#town;
    this.#town = undefined;
    await (await town?.catch(() => undefined))?.stop();
  }

  open(): Promise<Town> {
    this.#town ??= this.#load().catch((error: unknown) => {
      this.#town = undefined;
      throw error;
    });
    return this.#town;
  }

  async #load(): Promise<Town> {
    const { beads, ...rest } = this.#options;
    const [{ Town }, opened] = await Promise.all([import("./index.ts"), beads.open()]);
    const town = new Town({ ...rest, beads: opened, events: this.events });
    if (!this.#stopped) await town.start();
    return town;
  }
}
