import { messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { SupervisorConfig } from "../config/roles.ts";
import type { TownBase } from "../town/part.ts";
import { type Beat, type BeatStep, keepBeat } from "./beats.ts";
import { heldWork, orphans } from "./orphans.ts";

/** What the supervisor looks after; each may be absent where that part is not. */
export interface SupervisorPorts {
  /** Roles that are to run: brought to life when they are not. @returns those it had to start */
  readonly roles: () => Promise<readonly string[]>;
  /** Addresses of workers; undefined when nobody can tell. */
  readonly agents: () => ReadonlySet<string> | undefined;
  /** Whether a bead hangs on a hook. */
  readonly hangs: (bead: string) => boolean;
  /** Looks after workers: silent, stuck, dead. */
  readonly patrol: () => Promise<unknown>;
  /** Gives work back that nobody does. */
  readonly recover: (bead: string, assignee: string, why: string) => Promise<unknown>;
  /** Worktrees that belong to nobody. @returns where they are; nothing is removed */
  readonly orphanedWorktrees: () => Promise<readonly string[]>;
  /** Gives out what waits. @returns how many beads */
  readonly dispatch: () => Promise<number>;
  /** Logs of workers that are gone. @returns those that went */
  readonly rotateLogs: () => Promise<readonly string[]>;
  /** Whether there is anything to look after. */
  readonly busy: () => boolean;
}

export interface SupervisorOptions extends TownBase {
  readonly settings: () => SupervisorConfig;
  readonly ports: SupervisorPorts;
}

const MS = 1000;
/** What begins work without the supervisor knowing. */
const WAKES: ReadonlySet<string> = new Set(["workers", "hooks", "scheduler", "mayor", "estop"]);

/**
 * Looks in a fixed order that everything which is to run runs, and that no work lies where nobody is. It asks no model and
 * costs nothing while there is no work.
 */
export class Supervisor implements Unit {
  readonly #options: SupervisorOptions;
  #running = false;
  #cancel: (() => void) | undefined;
  #going: Promise<Beat> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#options.events.on("changed", ({ noun }) => void (WAKES.has(noun) && this.#arm()), this);
    await this.beat();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#going?.catch(() => undefined);
  }

  get watching(): boolean {
    return this.#cancel !== undefined;
  }

  /** Looks now. A step that fails is in the answer and keeps none of the others from being done. */
  beat(): Promise<Beat> {
    this.#going ??= this.#look().finally(() => {
      this.#going = undefined;
      this.#arm();
    });
    return this.#going;
  }

  async #look(): Promise<Beat> {
    const { clock, store, events, ports } = this.#options;
    const at = clock.now();
    const steps: BeatStep[] = [];
    const step = async (name: string, run: () => Promise<readonly string[] | number | unknown>) => {
      try {
        const found = await run();
        const did = Array.isArray(found)
          ? found.map(String)
          : typeof found === "number" && found > 0
            ? [`${found}`]
            : [];
        steps.push({ step: name, ok: true, did });
      } catch (error) {
        this.#options.log.warn({ step: name, error: messageOf(error) }, "a step of the supervisor came to nothing");
        steps.push({ step: name, ok: false, did: [], problem: messageOf(error) });
      }
    };
    await step("roles", ports.roles);
    await step("patrol", ports.patrol);
    await step("stale-hooks", () => this.#recover(at));
    await step("worktrees", ports.orphanedWorktrees);
    await step("dispatch", ports.dispatch);
    await step("logs", ports.rotateLogs);
    const beat = await store.commit(() => keepBeat(store, at, steps));
    if (steps.some(({ ok, did }) => !ok || did.length > 0)) {
      events.emit("changed", { noun: "supervisor", id: "supervisor", kind: "beat", at, data: { steps } });
    }
    return beat;
  }

  async #recover(now: number): Promise<string[]> {
    const { store, ports, settings } = this.#options;
    const known = ports.agents();
    if (!known) return [];
    const lost = orphans(heldWork(store), known, ports.hangs, settings().staleHookSeconds, now);
    for (const { bead, assignee, why } of lost) await ports.recover(bead, assignee, why);
    return lost.map(({ bead }) => bead);
  }

  #arm(): void {
    if (!this.#running || this.#cancel || this.#going || !this.#options.ports.busy()) return;
    const { clock, settings, log } = this.#options;
    this.#cancel = clock.after(settings().heartbeatSeconds * MS, () => {
      this.#cancel = undefined;
      this.beat().catch((error: unknown) => {
        log.error({ error: messageOf(error) }, "a look of the supervisor broke off");
      });
    });
  }
}
