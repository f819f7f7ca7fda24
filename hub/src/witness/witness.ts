import { messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { WitnessConfig } from "../config/roles.ts";
import { EVERYWHERE, RoleWishes } from "../supervisor/wishes.ts";
import type { TownBase } from "../town/part.ts";
import type { RigSnapshot } from "./causes.ts";
import { attemptsOf, type Report, WitnessMemory } from "./memory.ts";
import { type Action, type CauseMemory, patrol } from "./patrol.ts";
import type { WatchedAgent, WitnessPorts } from "./ports.ts";

export interface WitnessOptions extends TownBase {
  readonly settings: () => WitnessConfig;
  readonly ports: WitnessPorts;
}

const MS = 1000;
/** An end or a call for help is looked at so soon; those of one moment together. */
const SOON_MS = 500;
/** Kinds of changes of workers that do not wait for the next patrol. */
const URGENT: ReadonlySet<string> = new Set(["exited", "stuck"]);

interface Watch {
  healthAt: number;
  reportAt: number;
}

/**
 * Watches the workers of every rig. It looks while there is something to watch and is woken by what workers do; with
 * nobody at work it holds no timer. What it saw and did is in the store, so a restart neither forgets nor repeats.
 */
export class Witness implements Unit {
  readonly #options: WitnessOptions;
  readonly #memory: WitnessMemory;
  readonly #wishes: RoleWishes;
  readonly #watches = new Map<string, Watch>();
  #timer: { readonly at: number; readonly cancel: () => void } | undefined;
  #round: Promise<void> = Promise.resolve();
  #running = false;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#memory = new WitnessMemory(options.store);
    this.#wishes = new RoleWishes(options.store);
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#options.events.on(
      "changed",
      ({ noun, kind }) => {
        if (noun === "workers" && URGENT.has(kind)) this.#after(SOON_MS);
        else if (noun === "workers" || noun === "hooks" || noun === "estop") this.#wake();
      },
      this,
    );
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.events.dropOwner(this);
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#round;
  }

  /** Whether a patrol is due some time. */
  get watching(): boolean {
    return this.#timer !== undefined;
  }

  /** The witness of one rig, or of all: `*`. Kept over restarts. */
  async want(who: string, scope: string, wanted: "running" | "stopped"): Promise<void> {
    const { store, clock } = this.#options;
    await store.commit(() => this.#wishes.say("witness", scope, wanted, who, clock.now()));
    this.#emit(scope === EVERYWHERE ? "witness" : scope, wanted === "running" ? "started" : "stopped");
    this.#wake();
  }

  /** Looks now, at all rigs that have a witness. */
  patrol(): Promise<void> {
    this.#round = this.#round.then(() => this.#patrolAll());
    return this.#round;
  }

  async #patrolAll(): Promise<void> {
    const { ports, log } = this.#options;
    if (ports.stopped()) return;
    for (const rig of ports.rigs()) {
      if (!this.#wishes.wanted("witness", rig.name)) continue;
      try {
        await this.#patrolRig(rig.name, rig.prefix);
      } catch (error) {
        log.error({ rig: rig.name, error: messageOf(error) }, "a rig could not be looked at");
      }
    }
  }

  async #patrolRig(rig: string, prefix: string): Promise<void> {
    const { store, clock, settings, ports } = this.#options;
    const now = clock.now();
    const agents = ports.agents(rig);
    const watch = this.#watches.get(rig) ?? { healthAt: 0, reportAt: 0 };
    this.#watches.set(rig, watch);
    const counted = now - watch.healthAt >= settings().healthSeconds * MS;
    if (counted) watch.healthAt = now;
    const from = now - settings().errorWindowSeconds * MS;
    const known = this.#memory.of(rig);
    const snapshot: RigSnapshot = {
      ...{ agents, attempts: counted ? attemptsOf(store, prefix, from) : undefined },
      dirty: await this.#dirty(agents, known, now),
    };
    const { memory, alerts, actions } = patrol(snapshot, known, settings(), now);
    await store.commit(() => this.#memory.keep(rig, memory, alerts, now));
    for (const { cause, ...alert } of alerts) this.#emit(rig, "alert", { cause, ...alert });
    for (const action of actions) await this.#act(rig, action);
    if (now - watch.reportAt >= settings().reportSeconds * MS) {
      watch.reportAt = now;
      const report = reportOf(agents, memory.filter(({ present }) => present).length, attemptsOf(store, prefix, from));
      await store.commit(() => this.#memory.keepReport(rig, { at: now, ...report }));
      this.#emit(rig, "report", report);
    }
  }

  /** Worktrees of those who died or lost their work lately: the only ones that a process is started for. */
  async #dirty(
    agents: readonly WatchedAgent[],
    known: readonly CauseMemory[],
    now: number,
  ): Promise<ReadonlySet<string>> {
    const { ports, settings } = this.#options;
    const from = now - 2 * settings().patrolSeconds * MS;
    const found = new Set<string>();
    for (const { address, alive, work, held, deaths } of agents) {
      const lately =
        (deaths[0] ?? 0) >= from || known.some(({ agent, kind }) => agent === address && kind !== "zombie");
      if (alive || work || held || !lately) continue;
      if ((await ports.verdict(address))?.dirty) found.add(address);
    }
    return found;
  }

  /** A step that fails is tried again at the next patrol. */
  async #act(rig: string, action: Action): Promise<void> {
    const { store, log } = this.#options;
    const { cause, agent, bead, text } = action.finding;
    try {
      await this.#carryOut(rig, action);
      await store.commit(() => this.#memory.acted(rig, cause));
      this.#emit(rig, action.kind, { cause, ...(agent ? { agent } : {}), ...(bead ? { bead } : {}), text });
    } catch (error) {
      log.warn({ rig, cause, step: action.kind, error: messageOf(error) }, "a step of the witness came to nothing");
    }
  }

  async #carryOut(rig: string, { kind, finding }: Action): Promise<void> {
    const { ports } = this.#options;
    const { cause, agent = "", bead, text } = finding;
    const tell = (subject: string, severity: "critical" | "high" | "medium") =>
      ports.escalate({ key: `witness:${rig}:${cause}`, severity, subject, reason: text, bead, rig });
    switch (kind) {
      case "nudge":
        return ports.nudge(agent, `${text}. Go on, say what holds you up, or hand it back.`);
      case "restart":
        return ports.restart(agent, text);
      case "reassign": {
        const outcome = await ports.reassign(agent, bead ?? "", text);
        if (outcome === "abandoned") await tell(`${bead} was given up`, "high");
        return;
      }
      default:
        return tell(text, SEVERITY[finding.kind] ?? "medium");
    }
  }

  /** Something is to be watched, or is not yet over. */
  #wake(): void {
    if (!this.#running || this.#timer || !this.#needed()) return;
    this.#after(this.#options.settings().patrolSeconds * MS);
  }

  #needed(): boolean {
    const { ports } = this.#options;
    if (ports.stopped()) return false;
    const watched = ({ alive, work, held }: WatchedAgent) => !held && (alive || work !== undefined);
    return (
      this.#memory.waits ||
      ports.rigs().some(({ name }) => this.#wishes.wanted("witness", name) && ports.agents(name).some(watched))
    );
  }

  #after(ms: number): void {
    if (!this.#running) return;
    const { clock } = this.#options;
    const at = clock.monotonic() + ms;
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = clock.after(ms, () => {
      this.#timer = undefined;
      this.patrol().then(
        () => this.#wake(),
        (error: unknown) => this.#options.log.error({ error: messageOf(error) }, "a patrol broke off"),
      );
    });
    this.#timer = { at, cancel };
  }

  #emit(id: string, kind: string, data?: Readonly<Record<string, unknown>>): void {
    const { events, clock, log } = this.#options;
    try {
      events.emit("changed", { noun: "witness", id, kind, at: clock.now(), ...(data ? { data } : {}) });
    } catch (error) {
      log.error({ id, kind, error: messageOf(error) }, "what the witness saw could not be told");
    }
  }
}

const SEVERITY: Readonly<Partial<Record<string, "critical" | "high" | "medium">>> = {
  "mass-death": "critical",
  "error-rate": "high",
  "crash-loop": "high",
};

function reportOf(agents: readonly WatchedAgent[], troubles: number, attempts: Report["attempts"]): Omit<Report, "at"> {
  const working = agents.filter(({ work, alive }) => work && alive).length;
  const idle = agents.filter(({ work }) => !work).length;
  return { workers: agents.length, working, idle, troubles, attempts };
}
