import type { BeadRecord } from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { BeadEvent, BeadWriter } from "../beads/index.ts";
import type { TownBase } from "../town/part.ts";
import { type Fed, Feeder } from "./feeder.ts";
import { SENDER, standsAgainst } from "./landing.ts";
import type { ConvoyPorts } from "./ports.ts";
import { ConvoyReads } from "./reads.ts";
import { CONVOY_TIMES, type ConvoyTimes } from "./times.ts";
import { CONVOY, progressOf } from "./tracked.ts";
import type { ConvoyView } from "./view.ts";
import { type CloseOptions, ConvoyWriter, type NewConvoy } from "./writer.ts";

export interface ConvoysOptions extends TownBase, ConvoyPorts {
  readonly times?: (() => ConvoyTimes) | undefined;
  /** Gets a nudge for every convoy that lands: `mayor/`. */
  readonly nudgeToo?: () => string | undefined;
}

/** Events of beads that may change how a convoy stands. */
const MATTERS = new Set<string>(
  `created imported status_changed closed reopened claimed released attempt_failed deleted purged updated
   dependency_added dependency_removed`.split(/\s+/),
);

export interface LandCall {
  readonly force?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly keepWorktrees?: boolean | undefined;
}

export type Landed = ConvoyView & {
  /** It was closed by this call; of a dry run: would be. */
  readonly landed: boolean;
  /** Of a dry run: what stands against it. */
  readonly against?: readonly string[];
  readonly worktrees: readonly { readonly agent: string; readonly released: boolean; readonly why?: string }[];
};

/** Launched convoys that track these beads or what these requests merge, contain these convoys or depend on them, or are among them. */
const TOUCHED = `
  WITH given (id, ended) AS (SELECT j.value, ifnull(b.status IN ('closed', 'tombstone'), 1)
    FROM json_each(?1) j LEFT JOIN beads b ON b.id = j.value)
  SELECT c.id, max(ended) AS ended FROM (
    SELECT e.issue_id AS convoy, ended FROM given JOIN bead_edges e ON e.target = given.id
    UNION ALL SELECT e.target, ended FROM given JOIN bead_edges e ON e.issue_id = given.id AND e.kind = 'parent-child'
    UNION ALL SELECT id, 0 FROM given
    UNION ALL SELECT e.issue_id, 1 FROM given JOIN beads m ON m.id = given.id AND m.issue_type = 'merge-request'
      JOIN bead_edges e ON e.target = json_extract(m.line, '$.metadata.source_issue')
  ) JOIN beads c ON c.id = convoy WHERE c.issue_type = '${CONVOY}' AND c.status = 'open' GROUP BY c.id`;

/**
 * Batches of work. Lands each convoy once when its last bead is done, whoever closed it and in whichever order, hands the
 * next ready bead on, and finds what nobody works on.
 */
export class Convoys implements Unit {
  readonly reads: ConvoyReads;
  readonly #options: ConvoysOptions;
  readonly #feeder: Feeder;
  /** To be looked at: convoys whose beads changed; true: something of it ended, so that the next may begin. */
  readonly #dirty = new Map<string, boolean>();
  readonly #deprecated = new Set<string>();
  #delivering: Promise<void> = Promise.resolve();
  #working: Promise<void> | undefined;
  #cancelPatrol: (() => void) | undefined;
  #patrolDue = false;
  #running = false;

  constructor(options: ConvoysOptions) {
    this.#options = options;
    const { store, beads, clock, workers } = options;
    this.reads = new ConvoyReads(store, beads.reads, () => clock.now(), workers);
    this.#feeder = new Feeder({ ...options, reads: this.reads, told: (id, fed) => this.#tell(id, "fed", { ...fed }) });
  }

  async start(): Promise<void> {
    this.#running = true;
    this.#options.beads.events.on("changed", ({ events }) => this.#heard(events), this);
    for (const { id } of this.reads.open()) this.#dirty.set(id, false);
    await this.#deliver();
    this.#work();
    this.#arm();
  }

  async stop(): Promise<void> {
    this.#running = false;
    this.#options.beads.events.dropOwner(this);
    this.#cancelPatrol?.();
    this.#cancelPatrol = undefined;
    await this.#working;
  }

  /** @throws INPUT_INVALID, BEAD_UNKNOWN, BEAD_CYCLE, CONVOY_REFUSED */
  async create(who: string, convoy: NewConvoy): Promise<ConvoyView> {
    const { id } = await this.write(who, (writer) => writer.create(convoy));
    return this.reads.get(id);
  }

  /** @throws as `ConvoyWriter.add` */
  async add(who: string, convoy: string, beads: readonly string[]): Promise<ConvoyView> {
    const { id } = await this.write(who, (writer) => writer.add(convoy, beads));
    return this.reads.get(id);
  }

  /** @throws CONVOY_REFUSED */
  async close(who: string, convoy: string, options: CloseOptions = {}): Promise<ConvoyView> {
    await this.write(who, (writer) => writer.close(convoy, options));
    return this.reads.get(convoy);
  }

  /**
   * Closes what is done, and gives back the worktrees of those who did it. With `dryRun` only what would be.
   * @throws CONVOY_REFUSED naming what is open or not merged, unless `force` gives it up
   */
  async land(who: string, convoy: string, options: LandCall = {}): Promise<Landed> {
    const { force = false, dryRun = false, keepWorktrees = false } = options;
    const bead = this.reads.need(convoy);
    const { id, status } = bead;
    const view = this.reads.view(bead);
    if (dryRun) {
      const { store, merges } = this.#options;
      const against = standsAgainst(store, bead, progressOf(store, bead), merges);
      return { ...view, landed: status === "open" && (force || against.length === 0), against, worktrees: [] };
    }
    const agents = [...new Set(view.tracked.map(({ assignee }) => assignee).filter((one) => one !== ""))];
    const nudgeToo = this.#options.nudgeToo?.();
    const number = await this.write(who, (writer) => writer.land(id, { force, nudgeToo }));
    const worktrees = number === undefined || keepWorktrees ? [] : await this.#clean(who, agents);
    return { ...this.reads.get(id), landed: number !== undefined, worktrees };
  }

  get(convoy: string): ConvoyView {
    return this.reads.get(convoy);
  }

  trackedBy(bead: string): string[] {
    return this.reads.trackedBy(bead);
  }

  heldBy(bead: string) {
    return this.reads.heldBy(bead);
  }

  stranded() {
    return this.reads.stranded();
  }

  /** For who is in a transaction of beads: the convoy of a bead that is handed to somebody, made when there is none. */
  autoFor(writer: BeadWriter, bead: string): string {
    const convoys = this.writer(writer);
    return convoys.autoFor(bead);
  }

  /** Within a transaction of beads; what was said there is told by its own events. */
  writer(beads: BeadWriter): ConvoyWriter {
    return new ConvoyWriter(beads, this.#options);
  }

  /** Runs `change` in one transaction and tells of it when it is on disk. */
  async write<T>(who: string, change: (writer: ConvoyWriter) => T): Promise<T> {
    const { beads, clock } = this.#options;
    let said: ConvoyWriter["said"] = [];
    const result = await beads.write(who, (writer) => {
      const convoys = this.writer(writer);
      const value = change(convoys);
      said = convoys.said;
      return value;
    });
    for (const { id, kind, data } of said) this.#tell(id, kind, data, clock.now());
    if (said.some(({ kind }) => kind === "landed" || kind === "closed")) await this.#deliver();
    this.#arm();
    return result;
  }

  /**
   * Lands every convoy that is complete, whatever was missed.
   * @returns the convoys that are open, before and after
   */
  async check(
    who: string,
    dryRun = false,
  ): Promise<{ readonly id: string; readonly title: string; readonly landed: boolean }[]> {
    const checked = [];
    for (const bead of this.reads.open()) {
      const landed = dryRun ? progressOf(this.#options.store, bead).complete : await this.#settle(bead, who);
      checked.push({ id: bead.id, title: bead.title, landed });
    }
    return checked;
  }

  /** Hands out what is ready in one convoy, at once. */
  feed(convoy: string): Promise<Fed[]> {
    return this.#feeder.feed(this.reads.need(convoy));
  }

  /** Says once that somebody uses what is there for older clients only. */
  deprecated(name: string): void {
    if (this.#deprecated.has(name)) return;
    this.#deprecated.add(name);
    this.#options.log.warn({ method: name }, "a client uses calls of an older store; their answers name today's");
  }

  /** Resolves when everything that was heard of so far is worked off. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #clean(who: string, agents: readonly string[]): Promise<Landed["worktrees"]> {
    const { worktrees } = this.#options;
    const done: Landed["worktrees"][number][] = [];
    for (const agent of worktrees ? agents : []) {
      const answer = await worktrees?.release(who, agent);
      if (answer) done.push({ agent, ...answer });
    }
    return done;
  }

  #heard(events: readonly BeadEvent[]): void {
    const ids = [...new Set(events.filter(({ kind }) => MATTERS.has(kind)).map(({ id }) => id))];
    if (ids.length === 0) return;
    const rows = this.#options.store.all(TOUCHED, JSON.stringify(ids));
    for (const row of rows) {
      const id = String(row.id);
      this.#dirty.set(id, this.#dirty.get(id) === true || row.ended === 1);
    }
    this.#work();
  }

  /** One convoy after the other, so that no bead is handed out twice. */
  #work(): void {
    if (!this.#running || this.#working || (this.#dirty.size === 0 && !this.#patrolDue)) return;
    this.#working = this.#workOff()
      .catch((error: unknown) => this.#failed(error))
      .then(() => {
        this.#working = undefined;
        this.#work();
      });
  }

  async #workOff(): Promise<void> {
    for (const [id, ended] of this.#dirty) {
      if (!this.#running) return;
      this.#dirty.delete(id);
      try {
        await this.#look(id, ended);
      } catch (error) {
        this.#failed(error, id);
      }
    }
    if (this.#patrolDue) {
      this.#patrolDue = false;
      await this.#feeder.patrol();
    }
    this.#arm();
  }

  async #look(id: string, ended: boolean): Promise<void> {
    const convoy = this.#open(id);
    if (!convoy) return;
    const { completed, total, percent } = progressOf(this.#options.store, convoy);
    this.#tell(id, "progress", { completed, total, percent });
    if (await this.#settle(convoy, SENDER)) return;
    if (ended) await this.#feeder.feed(convoy);
  }

  async #settle(convoy: BeadRecord, who: string): Promise<boolean> {
    if (!progressOf(this.#options.store, convoy).complete) return false;
    return this.write(who, (writer) => writer.settle(convoy.id, this.#options.nudgeToo?.()));
  }

  #open(id: string): BeadRecord | undefined {
    const row = this.#options.store.one("SELECT line FROM beads WHERE id = ? AND status = 'open'", id);
    return row && JSON.parse(String(row.line));
  }

  /** The next look at what nobody works on; none while nothing is open or nobody takes work. */
  #arm(): void {
    const { clock, slinger, times } = this.#options;
    if (!this.#running || !slinger) return;
    if (this.reads.open().length === 0) {
      this.#cancelPatrol?.();
      this.#cancelPatrol = undefined;
      return;
    }
    if (this.#cancelPatrol) return;
    this.#cancelPatrol = clock.after((times?.() ?? CONVOY_TIMES).patrolMs, () => {
      this.#cancelPatrol = undefined;
      this.#patrolDue = true;
      this.#work();
    });
  }

  /** Nudges that were written with a landing and not told yet. One that cannot be told now is told later. */
  #deliver(): Promise<void> {
    this.#delivering = this.#delivering.then(() => this.#deliverAll());
    return this.#delivering;
  }

  async #deliverAll(): Promise<void> {
    const { store, clock, nudger } = this.#options;
    if (!nudger) return;
    for (const row of store.all("SELECT * FROM convoy_nudges WHERE done_at IS NULL ORDER BY seq")) {
      try {
        await nudger.nudge(SENDER, { to: String(row.recipient), text: String(row.text) });
        await store.commit(() =>
          store.run("UPDATE convoy_nudges SET done_at = ? WHERE seq = ?", clock.now(), row.seq as number),
        );
      } catch (error) {
        this.#failed(error, String(row.convoy));
      }
    }
  }

  #tell(id: string, kind: string, data?: Readonly<Record<string, unknown>>, at = this.#options.clock.now()): void {
    try {
      this.#options.events.emit("changed", { noun: "convoys", id, kind, at, ...(data === undefined ? {} : { data }) });
    } catch (error) {
      this.#failed(error, id);
    }
  }

  #failed(error: unknown, id?: string): void {
    this.#options.log.error({ error: messageOf(error), convoy: id }, "a convoy could not be looked after");
  }
}
