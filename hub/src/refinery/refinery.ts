import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { Beads, BeadsChanged } from "../beads/index.ts";
import type { Store } from "../store/index.ts";
import type { TownEvents } from "../town/part.ts";
import { checkBranch } from "./branches.ts";
import { Evidence } from "./evidence.ts";
import { integrationAbove } from "./integration.ts";
import { Integrations } from "./integrations.ts";
import { type Ask, Journal, type Run, type RunKind } from "./journal.ts";
import { Lane } from "./lane.ts";
import type { RunEnd } from "./merging.ts";
import { Outcomes } from "./outcomes.ts";
import type { RefineryPorts } from "./ports.ts";
import { MergeQueue } from "./queue.ts";
import type { MergeRequest } from "./request.ts";
import { isStopped } from "./status.ts";
import { Workshop, type WorkshopOptions } from "./workshop.ts";

export interface RefineryOptions extends RefineryPorts {
  readonly store: Store;
  readonly beads: Beads;
  readonly clock: Clock;
  readonly random?: Random;
  readonly log: Log;
  readonly events: Events<TownEvents>;
  /** Of the hub. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly step?: WorkshopOptions["step"];
}

/** What a worker hands in. */
export interface SubmitAsk {
  readonly rig: string;
  readonly branch: string;
  /** Default: the branch's newest. */
  readonly commit?: string | undefined;
  /** Default: the integration branch of an epic above the bead, else the rig's first branch. */
  readonly target?: string | undefined;
  readonly bead?: string | undefined;
  readonly worker?: string | undefined;
  readonly priority?: number | undefined;
  readonly agentBead?: string | undefined;
  readonly preVerifiedBase?: string | undefined;
}

export interface RefineryEvents {
  merged: { readonly rig: string; readonly run: Run };
  failed: { readonly rig: string; readonly run: Run; readonly request: MergeRequest };
}

const STOP_MS = 10_000;

/** The merge queues of all rigs: one lane each. */
export class Refinery implements Unit {
  readonly name = "merges";
  readonly told = new Events<RefineryEvents>();
  readonly queue: MergeQueue;
  readonly integrations: Integrations;
  readonly #options: RefineryOptions;
  readonly #outcomes: Outcomes;
  readonly #lanes = new Map<string, Lane>();
  /** Who waits for the end of a run. */
  readonly #waiting = new Map<number, { resolve: (run: Run) => void; reject: (error: unknown) => void }>();
  #started = false;

  constructor(options: RefineryOptions) {
    this.#options = options;
    this.queue = new MergeQueue(options.beads);
    this.#outcomes = new Outcomes(options);
    const { store, beads } = options;
    this.integrations = new Integrations({
      store,
      beads,
      shop: (rig) => this.#shop(rig),
      job: (...job) => this.#job(...job),
    });
  }

  async start(): Promise<void> {
    this.#started = true;
    const { store, beads, events } = this.#options;
    beads.events.on("changed", (change) => this.#beadsChanged(change), this);
    events.on("changed", ({ noun, id }) => noun === "rigs" && this.#lanes.get(id)?.wake(), this);
    const left = store.all(
      "SELECT rig FROM merge_requests WHERE state != 'closed' UNION SELECT rig FROM merge_runs WHERE stage != 'done'",
    );
    for (const row of left) this.#lane(String(row.rig)).wake();
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#options.beads.events.dropOwner(this);
    this.#options.events.dropOwner(this);
    const lanes = [...this.#lanes.values()];
    this.#lanes.clear();
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(STOP_MS, resolve);
    });
    await Promise.race([Promise.all(lanes.map((lane) => lane.stop())), late]);
    cancel();
    // It is in the journal, and is done at the next start.
    const stopping = new BarnacleError("HUB_STOPPING", "the hub stops; what was asked for is done at its next start");
    for (const { reject } of this.#waiting.values()) reject(stopping);
    this.#waiting.clear();
  }

  /**
   * The same branch and commit again are the same request.
   * @throws RIG_UNKNOWN, RIG_REFUSED, INPUT_INVALID, NOT_FOUND (branch or commit), CONFLICT (nothing to merge)
   */
  async submit(who: string, ask: SubmitAsk): Promise<MergeRequest> {
    const shop = this.#shop(ask.rig);
    const { mirror, rig } = shop;
    if (!shop.settings.enabled) {
      throw new BarnacleError("CONFLICT", `the merge queue of ${rig.name} is off`, {
        hint: `Turn it on: barnacle rig config set ${rig.name} merge_queue.enabled true`,
      });
    }
    const branch = checkBranch("branch", ask.branch);
    const commit = await this.#commitOf(shop, branch, ask.commit);
    const gathered = shop.settings.integration_branch_refinery_enabled && ask.bead !== undefined;
    const above = gathered ? integrationAbove(this.#options.store, rig.name, ask.bead ?? "") : undefined;
    const target = checkBranch("target", ask.target ?? above?.branch ?? rig.defaultBranch);
    if (target === branch) throw new BarnacleError("INPUT_INVALID", `target: ${target} is the branch itself`);
    const into = (await mirror.branch(target)) ?? (await mirror.fetchIfThere(target));
    if (into === undefined) throw new BarnacleError("NOT_FOUND", `${rig.name} has no branch ${target} to merge into`);
    if (!this.has(rig.name, branch, commit) && (await mirror.contains(into, commit))) {
      throw new BarnacleError("CONFLICT", `there is nothing to merge: ${target} has all of ${branch}`, {
        hint: "Commit the work on the branch first.",
        details: { branch, commit, target },
      });
    }
    await mirror.keep(commit);
    const { bead, worker, priority, agentBead, preVerifiedBase } = ask;
    const given = { branch, commit, target, bead, worker, priority, agentBead, preVerifiedBase };
    const request = await this.queue.submit(who, rig, given);
    this.#changed(request.id, "submitted", { rig: rig.name, branch });
    if (this.#started) this.#lane(rig.name).wake();
    return request;
  }

  /** Whether a branch at this commit was handed in, whatever came of it. */
  has(rig: string, branch: string, commit: string): boolean {
    return (
      this.#options.store.one(
        "SELECT 1 AS known FROM merge_requests WHERE rig = ? AND branch = ? AND commit_sha = ?",
        ...[rig, branch, commit],
      ) !== undefined
    );
  }

  async retry(who: string, id: string): Promise<MergeRequest> {
    const request = await this.queue.retry(who, id);
    this.#changed(id, "retried", { rig: request.rig });
    if (this.#started) this.#lane(request.rig).wake(true);
    return request;
  }

  async reject(who: string, id: string, reason: string): Promise<MergeRequest> {
    const request = await this.queue.reject(who, id, reason);
    this.#changed(id, "rejected", { rig: request.rig });
    return request;
  }

  /**
   * Takes a merge back: by its request, its source bead or its commit. Resolves when it is pushed and recorded.
   * @throws NOT_FOUND, CONFLICT (taken back already; later changes stand on it), MERGE_RED, GIT_FAILED
   */
  async rollback(who: string, what: string, { reason, force }: Pick<Ask, "reason" | "force"> = {}): Promise<Run> {
    const merge = new Evidence(this.#options.store).find(what);
    if (merge.rolledBack) {
      throw new BarnacleError("CONFLICT", `${what} was taken back already, in ${merge.rolledBack}`);
    }
    const ask = { merge: merge.seq, ...(reason === undefined ? {} : { reason }), ...(force ? { force } : {}) };
    return this.#job(who, merge.rig, "rollback", merge.target, ask);
  }

  /** Nothing more is merged in a rig, until it is started again; what is being tested goes back. */
  async halt(who: string, rig: string): Promise<void> {
    this.#shop(rig);
    await this.#setStopped(who, rig, true);
    await this.#lanes.get(rig)?.hold(`stopped by ${who}`);
    this.#changed(rig, "stopped", {});
  }

  /** Goes on, at once. */
  async resume(who: string, rig: string): Promise<void> {
    this.#shop(rig);
    await this.#setStopped(who, rig, false);
    this.#changed(rig, "started", {});
    if (this.#started) this.#lane(rig).wake(true);
  }

  /** For the emergency stop. */
  async freeze(reason: string): Promise<readonly string[]> {
    const busy = [...this.#lanes].filter(([, lane]) => lane.busy);
    await Promise.all(busy.map(([, lane]) => lane.hold(reason)));
    return busy.map(([rig]) => rig);
  }

  async release(): Promise<readonly string[]> {
    for (const lane of this.#lanes.values()) lane.wake();
    return [...this.#lanes.keys()];
  }

  /** Resolves when nothing is being merged; for tests. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.settled()));
  }

  /** @throws RIG_UNKNOWN */
  #shop(name: string): Workshop {
    const { rigs } = this.#options;
    const rig = rigs.find(name);
    if (!rig) throw new BarnacleError("RIG_UNKNOWN", `no rig has the name ${name.slice(0, 60)}`);
    const { store, beads, clock, log, env, step } = this.#options;
    return new Workshop(rig, { store, beads, clock, log, env, step, ports: this.#options, outcomes: this.#outcomes });
  }

  #lane(rig: string): Lane {
    const known = this.#lanes.get(rig);
    if (known) return known;
    const { store, clock, log, rigs } = this.#options;
    const lane = new Lane({
      ...{ rig, store, clock, log, queue: this.queue },
      shop: () => (rigs.find(rig) === undefined ? undefined : this.#shop(rig)),
      held: () => this.#held(rig),
      began: (run) => this.#changed(rig, "processing", { run: run.run, kind: run.kind }),
      ended: (run, end) => this.#ended(run, end),
      blocked: (reason) => this.#blocked(rig, reason),
    });
    this.#lanes.set(rig, lane);
    return lane;
  }

  #held(rig: string): string | undefined {
    const { store, estop, rigs } = this.#options;
    if (estop?.state().stopped) return "an emergency stop holds";
    if (isStopped(store, rig)) return "the refinery is stopped";
    const found = rigs.find(rig);
    if (found?.state !== "active") return `the rig is ${found?.state ?? "gone"}`;
    return this.#shop(rig).settings.enabled ? undefined : "the merge queue is off";
  }

  async #job(who: string, rig: string, kind: RunKind, target: string, ask: Ask): Promise<Run> {
    const { store, clock } = this.#options;
    const held = this.#held(rig);
    if (held !== undefined) throw new BarnacleError("CONFLICT", `not now: ${held}`);
    const queued = await store.commit(() =>
      new Journal(store).add({ rig, kind, who, target, ask }, "queued", clock.now()),
    );
    const done = new Promise<Run>((resolve, reject) => this.#waiting.set(queued.run, { resolve, reject }));
    this.#lane(rig).wake();
    const run = await done;
    if (run.outcome === "merged") return run;
    const code = run.outcome === "red" ? "MERGE_RED" : run.outcome === "conflict" ? "CONFLICT" : "GIT_FAILED";
    throw new BarnacleError(code, `${kind} came to nothing: ${run.detail ?? run.outcome}`, {
      details: { run: run.run },
      ...(run.log ? { hint: `What the gates wrote: ${run.log}` } : {}),
    });
  }

  #ended(run: Run, { outcome, merged = [], reworked = [] }: RunEnd): void {
    const { rig } = run;
    if (run.stage === "done") {
      this.#waiting.get(run.run)?.resolve(run);
      this.#waiting.delete(run.run);
    }
    for (const request of reworked) {
      this.#changed(request.id, "rework", { rig, run: run.run, branch: request.branch });
      this.#tell("failed", { rig, run, request });
    }
    if (outcome === "merged") {
      for (const one of merged)
        this.#changed(one.request ?? one.branch, "merged", { rig, run: run.run, commit: one.merged });
      this.#tell("merged", { rig, run });
      void this.integrations.landReady(rig).catch((error: unknown) => {
        this.#options.log.warn({ rig, error: messageOf(error) }, "an integration branch was not landed by itself");
      });
    }
    this.#changed(rig, outcome === "merged" ? "idle" : outcome, { run: run.run });
  }

  #beadsChanged({ events }: BeadsChanged): void {
    const { store } = this.#options;
    for (const { id, kind } of events) {
      if (kind !== "closed" && kind !== "deleted") continue;
      const rows = store.all(
        "SELECT DISTINCT m.rig FROM bead_edges e JOIN merge_requests m ON m.id = e.issue_id WHERE e.target = ? AND m.state = 'open'",
        id,
      );
      for (const row of rows) this.#lane(String(row.rig)).wake();
    }
  }

  async #blocked(rig: string, reason: string | undefined): Promise<void> {
    const { store, clock, raise } = this.#options;
    const before = store.one("SELECT blocked FROM refineries WHERE rig = ?", rig)?.blocked ?? null;
    if (before === (reason ?? null)) return;
    await store.commit(() =>
      store.run(
        `INSERT INTO refineries (rig, blocked, blocked_at) VALUES (?, ?, ?)
         ON CONFLICT (rig) DO UPDATE SET blocked = excluded.blocked, blocked_at = excluded.blocked_at`,
        ...[rig, reason?.slice(0, 4_000) ?? null, reason === undefined ? null : clock.now()],
      ),
    );
    this.#changed(rig, reason === undefined ? "unblocked" : "blocked", {});
    if (reason === undefined || before !== null) return;
    const subject = `The merge queue of ${rig} does not go on`;
    await raise?.(`${rig}/refinery`, {
      ...{
        severity: "high",
        subject,
        reason: reason.slice(0, 2_000),
        source: `${rig}/refinery`,
        key: `refinery:${rig}`,
      },
    });
  }

  #setStopped(who: string, rig: string, stopped: boolean): Promise<unknown> {
    const { store, clock } = this.#options;
    return store.commit(() =>
      store.run(
        `INSERT INTO refineries (rig, stopped, by, since) VALUES (?, ?, ?, ?)
         ON CONFLICT (rig) DO UPDATE SET stopped = excluded.stopped, by = excluded.by, since = excluded.since, blocked = NULL`,
        ...[rig, stopped ? 1 : 0, who, clock.now()],
      ),
    );
  }

  async #commitOf({ mirror, rig }: Workshop, branch: string, given: string | undefined): Promise<string> {
    if (given !== undefined && !/^[0-9a-f]{4,64}$/i.test(given)) {
      throw new BarnacleError("INPUT_INVALID", `commit: "${given.slice(0, 80)}" is no hash of a commit`);
    }
    const found = (await mirror.resolve(given ?? `refs/heads/${branch}`)) ?? (await mirror.fetchIfThere(branch, given));
    if (found !== undefined) return found;
    throw new BarnacleError(
      "NOT_FOUND",
      `${rig.name} has no ${given === undefined ? `branch ${branch}` : `commit ${given}`}`,
      {
        hint: "Commit the work and push the branch first.",
      },
    );
  }

  #changed(id: string, kind: string, data: Readonly<Record<string, unknown>>): void {
    const { events, clock, log } = this.#options;
    try {
      events.emit("changed", { noun: "mergequeue", id, kind, at: clock.now(), data });
    } catch (error) {
      log.error({ error: messageOf(error) }, "a change of the merge queue could not be told");
    }
  }

  #tell<K extends keyof RefineryEvents>(name: K, payload: RefineryEvents[K]): void {
    try {
      this.told.emit(name, payload);
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, "an outcome of a merge could not be told");
    }
  }
}
