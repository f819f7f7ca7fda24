import { BarnacleError, hasCode, messageOf } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";
import { resume } from "./finishing.ts";
import { runJob } from "./jobs.ts";
import { Journal, type Run } from "./journal.ts";
import { mergeBatch, type RunEnd } from "./merging.ts";
import type { MergeQueue } from "./queue.ts";
import { isReady, type MergeRequest } from "./request.ts";
import { requests } from "./requests.ts";
import { lengthOf } from "./settings.ts";
import type { Workshop } from "./workshop.ts";

export interface LaneOptions {
  readonly rig: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly queue: MergeQueue;
  /** Undefined: there is no such rig any more. */
  readonly shop: () => Workshop | undefined;
  /** Why nothing may begin now; undefined: it may. */
  readonly held: () => string | undefined;
  readonly began: (run: Run) => void;
  readonly ended: (run: Run, end: RunEnd) => void;
  /** Nothing goes on by itself: the reason, or undefined when it does again. */
  readonly blocked: (reason: string | undefined) => Promise<void>;
}

/** While what is wrong may pass by itself: an origin out of reach. */
const RETRY_MS = [30_000, 60_000, 120_000, 300_000, 600_000];
const MOST_OVERTAKEN = 5;

/** The merges of one rig, one after the other. It sleeps until it is woken: nothing is asked again and again. */
export class Lane {
  readonly #options: LaneOptions;
  #wanted = false;
  /** The next batch is not waited for. */
  #hurried = false;
  #stopped = false;
  /** One at a time after a run that failed as a whole: one bad branch must not hold up the others. */
  #careful = false;
  #tries = 0;
  #running: Promise<void> | undefined;
  #abort = new AbortController();
  #timer: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Something may be to do. `hurry`: now, whether a batch is full or not. */
  wake(hurry = false): void {
    if (this.#stopped) return;
    this.#wanted = true;
    this.#hurried ||= hurry;
    this.#cancelTimer();
    this.#running ??= this.#loop().finally(() => {
      this.#running = undefined;
      if (this.#wanted && !this.#stopped) this.wake();
    });
  }

  /** Ends the gates that run; what they were for waits again. Resolves when nothing runs. */
  async hold(reason: string): Promise<void> {
    this.#abort.abort(new BarnacleError("ESTOPPED", reason));
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.hold("the hub stops");
  }

  /** Resolves when it has nothing to do but to wait. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #loop(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      this.#abort = new AbortController();
      try {
        while (!this.#stopped && (await this.#step())) {}
      } catch (error) {
        await this.#trouble(error);
      }
    }
  }

  /** @returns whether there may be more to do at once */
  async #step(): Promise<boolean> {
    const { rig, store, held, began, ended } = this.#options;
    const shop = this.#options.shop();
    if (!shop) return false;
    const journal = new Journal(store);
    for (const run of journal.unfinished(rig).filter(({ stage }) => stage !== "queued")) {
      const landed = await resume(shop, run);
      const now = journal.need(run.run);
      ended(now, landed ? { outcome: "merged", merged: now.plan?.merges ?? [] } : { outcome: "interrupted" });
    }
    if (held() !== undefined) return false;
    const [job] = journal.unfinished(rig);
    if (job) {
      began(job);
      return this.#after(job, await runJob(shop, job, this.#abort.signal));
    }
    const stale = lengthOf(shop.settings.stale_claim_timeout);
    await this.#options.queue.tidy(rig, stale);
    const batch = this.#batch(shop);
    if (batch.length === 0) return false;
    const target = batch[0]?.target ?? shop.rig.defaultBranch;
    const run = await this.#options.queue.begin(rig, target, batch);
    began(run);
    return this.#after(run, await mergeBatch(shop, run, batch, this.#abort.signal));
  }

  /** The first by score, and those behind it that go to the same place; nothing while a batch may still fill up. */
  #batch(shop: Workshop): MergeRequest[] {
    const { rig, store, clock } = this.#options;
    const { settings } = shop;
    const now = clock.now();
    const left = requests(store, { rig, limit: 0 }, now);
    const claims = left.flatMap(({ claimed_at }) => (claimed_at === undefined ? [] : [claimed_at]));
    const ready = left.filter(isReady);
    const [first] = ready;
    if (first) {
      const size = this.#careful ? 1 : settings.batch_size;
      const batch = ready.filter(({ target }) => target === first.target).slice(0, size);
      const oldest = Math.min(...batch.map(({ created_at }) => Date.parse(created_at)));
      const wait = oldest + lengthOf(settings.batch_wait) - now;
      if (batch.length >= size || this.#hurried || wait <= 0) {
        this.#hurried = false;
        return batch;
      }
      this.#wakeIn(wait);
    } else if (claims.length > 0) {
      this.#wakeIn(Math.max(1_000, Math.min(...claims) + lengthOf(settings.stale_claim_timeout) - now));
    }
    return [];
  }

  async #after(run: Run, end: RunEnd): Promise<boolean> {
    const { store, ended, blocked } = this.#options;
    ended(new Journal(store).need(run.run), end);
    if (end.outcome === "unknown") throw new BarnacleError("GIT_FAILED", end.detail ?? "the push broke off");
    if (end.outcome === "overtaken") {
      this.#tries++;
      if (this.#tries <= MOST_OVERTAKEN) return true;
      throw new BarnacleError("GIT_FAILED", `somebody else pushed to ${run.target} first, ${this.#tries} times`);
    }
    if (end.outcome === "failed" && run.kind === "merge") {
      if ((run.ask.requests?.length ?? 0) > 1 && !this.#careful) {
        this.#careful = true;
        return true;
      }
      throw new BarnacleError("GIT_FAILED", end.detail ?? "the merge failed");
    }
    if (end.outcome === "red" && run.kind === "merge") {
      await blocked(`${run.target} is red by itself: ${end.detail ?? ""}`);
      return false;
    }
    if (end.outcome === "held") return false;
    this.#tries = 0;
    this.#careful = false;
    await blocked(undefined);
    return true;
  }

  /** Told, and tried again later: by then it may have passed. */
  async #trouble(error: unknown): Promise<void> {
    const { rig, log, blocked } = this.#options;
    if (this.#stopped || hasCode(error, "HUB_STOPPING")) return;
    log.warn({ rig, error: messageOf(error) }, "the refinery cannot go on");
    try {
      await blocked(messageOf(error));
    } catch (failure) {
      log.error({ rig, error: messageOf(failure) }, "the refinery's trouble could not be written down");
    }
    this.#wakeIn(RETRY_MS[Math.min(this.#tries, RETRY_MS.length - 1)] ?? 0);
    this.#tries++;
  }

  #wakeIn(ms: number): void {
    this.#cancelTimer();
    this.#timer = this.#options.clock.after(ms, () => this.wake());
  }

  #cancelTimer(): void {
    this.#timer?.();
    this.#timer = undefined;
  }
}
