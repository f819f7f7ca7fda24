import type { BeadRecord } from "@barnacle/protocol/beads";
import { messageOf } from "@barnacle/protocol/errors";
import type { TownBase } from "../town/part.ts";
import { readFacts } from "./facts.ts";
import { SENDER } from "./landing.ts";
import type { Liveness, Slinger } from "./ports.ts";
import type { ConvoyReads } from "./reads.ts";
import { CONVOY_TIMES, type ConvoyTimes } from "./times.ts";

/** A bead that was handed out, or could not be. */
export interface Fed {
  readonly bead: string;
  readonly agent?: string;
  readonly problem?: string;
}

export interface FeederOptions extends TownBase {
  readonly reads: ConvoyReads;
  readonly slinger?: Slinger | undefined;
  readonly workers?: Liveness | undefined;
  readonly times?: (() => ConvoyTimes) | undefined;
  readonly told: (convoy: string, fed: Fed) => void;
}

/** Hands ready beads of convoys to who does them. */
export class Feeder {
  readonly #options: FeederOptions;
  /** Being handed out now. */
  readonly #busy = new Set<string>();

  constructor(options: FeederOptions) {
    this.#options = options;
  }

  /** Everything that is ready in a convoy, until nobody takes any more; what could not be handed over lately is left alone. */
  async feed(convoy: BeadRecord, most = Number.POSITIVE_INFINITY): Promise<Fed[]> {
    const { slinger } = this.#options;
    const done: Fed[] = [];
    if (!slinger) return done;
    const { merge, base_branch: baseBranch } = readFacts(convoy.description).facts;
    const tried = new Set<string>();
    // Looked at anew each time: while one bead is handed over, another may be closed.
    for (let bead = this.#next(convoy.id, tried); bead !== undefined; bead = this.#next(convoy.id, tried)) {
      if (done.length >= most) break;
      tried.add(bead);
      this.#busy.add(bead);
      try {
        const fed = await this.#hand(slinger, { bead, convoy: convoy.id, merge, baseBranch });
        if (!fed) break;
        done.push(fed);
      } finally {
        this.#busy.delete(bead);
      }
    }
    return done;
  }

  /** What nobody works on, in a few convoys at a time. */
  async patrol(): Promise<Fed[]> {
    const { reads, clock, store } = this.#options;
    const times = this.#times;
    const done: Fed[] = [];
    for (const { id } of reads.stranded()) {
      if (done.length >= times.perPatrol) break;
      const convoy = reads.need(id);
      const last = Number(store.one("SELECT max(at) AS at FROM convoy_feeds WHERE convoy = ?", id)?.at ?? 0);
      if (clock.now() - last < times.coolDownMs) continue;
      if (clock.now() - Date.parse(convoy.created_at) < times.graceMs) continue;
      done.push(...(await this.feed(convoy, times.perPatrol - done.length)));
    }
    return done;
  }

  get #times(): ConvoyTimes {
    return this.#options.times?.() ?? CONVOY_TIMES;
  }

  #next(id: string, tried: ReadonlySet<string>): string | undefined {
    const { reads, clock, store } = this.#options;
    const view = reads.get(id);
    if (view.status !== "open" || view.waits_for.length > 0) return undefined;
    return view.ready.find((bead) => {
      if (tried.has(bead) || this.#busy.has(bead)) return false;
      const failed = store.one(
        "SELECT at FROM convoy_feeds WHERE convoy = ? AND bead = ? AND problem IS NOT NULL",
        ...[id, bead],
      )?.at;
      return typeof failed !== "number" || clock.now() - failed >= this.#times.coolDownMs;
    });
  }

  async #hand(slinger: Slinger, order: Parameters<Slinger["sling"]>[1]): Promise<Fed | undefined> {
    const { store, clock, log, told } = this.#options;
    const { bead, convoy } = order;
    let fed: Fed;
    try {
      const taken = await slinger.sling(SENDER, order);
      if (!taken) return undefined;
      fed = { bead, agent: taken.agent };
    } catch (error) {
      fed = { bead, problem: messageOf(error) };
      log.warn({ convoy, bead, error: fed.problem }, "a bead of a convoy could not be handed out");
    }
    await store.commit(() =>
      store.run(
        "INSERT OR REPLACE INTO convoy_feeds (convoy, bead, at, agent, problem) VALUES (?, ?, ?, ?, ?)",
        ...[convoy, bead, clock.now(), fed.agent ?? null, fed.problem ?? null],
      ),
    );
    told(convoy, fed);
    return fed;
  }
}
