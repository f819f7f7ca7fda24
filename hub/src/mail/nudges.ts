import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { WritableSql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";
import type { TownBase } from "../town/part.ts";
import { addressOf, matchesAddress } from "./address.ts";
import { levelOf, setDnd, setLevel } from "./levels.ts";
import type { Level, NudgeMode, NudgePriority } from "./words.ts";

/** An agent as far as nudges know it. */
export interface Nudgeable {
  readonly address: string;
  readonly role: string;
  readonly rig?: string | undefined;
  /** `away`: it does not run. */
  readonly state: "idle" | "busy" | "away";
}

/** The way to running agents. */
export interface Deliver {
  agents(): readonly Nudgeable[];
  /** Writes to a running agent's standard input. False: it could not be reached. */
  deliver(address: string, text: string, kind: "nudge" | "mail", id: string): Promise<boolean>;
}

export interface NudgesOptions extends TownBase {
  readonly deliver: Deliver;
}

export interface NewNudge {
  readonly to: string;
  readonly text: string;
  /** Default `wait-idle`. */
  readonly mode?: NudgeMode | undefined;
  /** `low` reaches those who want everything; `urgent` is kept for longer. Default `normal`. */
  readonly priority?: NudgePriority | undefined;
  /** Also whoever does not want to be disturbed. */
  readonly force?: boolean | undefined;
  /** Only an agent that runs now is told; nothing is kept for another. */
  readonly ifRunning?: boolean | undefined;
  readonly kind?: "nudge" | "mail" | undefined;
}

export interface Nudged {
  readonly id: string;
  readonly to: string;
  /** `away`: it does not run, and nothing was to be kept. */
  readonly delivered: "now" | "queued" | "muted" | "away";
}

export interface NudgeView {
  readonly id: string;
  readonly to: string;
  readonly from: string;
  readonly text: string;
  readonly mode: NudgeMode;
  readonly priority: NudgePriority;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly expires_at: number;
}

/** An agent at work is not interrupted for so long; then the text stands on its input, where it finds it at its next turn. */
const PATIENCE_MS = 15_000;
/** What an agent says between two turns. */
const TURNS = new Set(["heartbeat", "progress", "started"]);
/** How long one waits for its agent. */
const LIFE_MS = { low: 30 * 60_000, normal: 30 * 60_000, urgent: 2 * 3_600_000 };
const MOST = 50;

/**
 * Texts into running agents. What cannot be handed over now is kept until the agent can take it, for its life, over restarts:
 * `immediate` waits for nothing but a running agent, `wait-idle` up to 15 s for it to be idle, `queue` for the end of its
 * turn: a sign of life, or that it asks by itself. Each is handed over once; when the hub dies in that moment it may come
 * twice, with the same id.
 */
export class Nudges implements Unit {
  readonly #options: NudgesOptions;
  /** Agents for whom something waits. */
  readonly #waiting = new Set<string>();
  readonly #offering = new Map<string, Promise<void>>();
  /** Asked for again meanwhile; true: because a turn ended. */
  readonly #again = new Map<string, boolean>();
  readonly #timers = new Set<() => void>();

  constructor(options: NudgesOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store, events, deliver } = this.#options;
    for (const row of store.all("SELECT DISTINCT recipient FROM nudges")) this.#waiting.add(String(row.recipient));
    events.on(
      "changed",
      ({ noun, id, kind }) => {
        if (noun === "workers" && this.#waiting.has(id)) this.#offer(id, TURNS.has(kind));
      },
      this,
    );
    for (const { address } of deliver.agents()) if (this.#waiting.has(address)) this.#offer(address);
  }

  async stop(): Promise<void> {
    this.#options.events.dropOwner(this);
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await Promise.all(this.#offering.values());
  }

  /** @throws INPUT_INVALID, RATE_LIMITED when too many wait for the agent */
  async nudge(who: string, nudge: NewNudge): Promise<Nudged> {
    const { store, deliver, random, clock } = this.#options;
    const { text, mode = "wait-idle", priority = "normal", force = false, ifRunning = false, kind = "nudge" } = nudge;
    const to = addressOf(nudge.to);
    if (text.trim() === "") throw new BarnacleError("INPUT_INVALID", "text: expected a text");
    const id = random.uuid();
    if (!force && muted(levelOf(store, to), priority)) return { id, to, delivered: "muted" };
    const state = deliver.agents().find(({ address }) => address === to)?.state ?? "away";
    const ready = state === "idle" ? mode !== "queue" : state === "busy" && mode === "immediate";
    if (ready && (await deliver.deliver(to, text, kind, id))) {
      this.#emit(to, "delivered");
      return { id, to, delivered: "now" };
    }
    if (ifRunning && state === "away") return { id, to, delivered: "away" };
    const now = clock.now();
    await store.commit(() => {
      store.run("DELETE FROM nudges WHERE recipient = ? AND expires_at <= ?", to, now);
      const waiting = Number(store.one("SELECT count(*) AS n FROM nudges WHERE recipient = ?", to)?.n);
      if (waiting >= MOST) {
        throw new BarnacleError("RATE_LIMITED", `${waiting} nudges wait for ${to} already`, {
          hint: "Send mail: barnacle mail send; it is kept until it is read.",
        });
      }
      store.run(
        "INSERT INTO nudges (id, recipient, sender, text, mode, priority, kind, forced, at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ...[id, to, who, text, mode, priority, kind, force ? 1 : 0, now, now + LIFE_MS[priority]],
      );
    });
    this.#waiting.add(to);
    this.#emit(to, "queued");
    // It may have come to rest, or to life, while the disk was waited for.
    this.#offer(to);
    if (mode === "wait-idle" && state === "busy") this.#offerIn(PATIENCE_MS, to);
    return { id, to, delivered: "queued" };
  }

  /** To every running agent that fits: of a rig, of roles, by a pattern of addresses. */
  async broadcast(
    who: string,
    nudge: Omit<NewNudge, "to"> & { readonly rig?: string; readonly role?: string; readonly to?: string },
  ): Promise<Nudged[]> {
    const { rig, role, to = "*", ...rest } = nudge;
    const me = addressOf(who);
    const meant = this.#options.deliver.agents().filter((agent) => {
      if (agent.state === "away" || agent.address === me) return false;
      if (rig !== undefined && agent.rig !== rig) return false;
      return (role === undefined || agent.role === role) && matchesAddress(to, agent.address);
    });
    return Promise.all(meant.map(({ address }) => this.nudge(who, { ...rest, to: address })));
  }

  /** What waits for an agent, handed over to it because it asks: at the beginning of its turn. */
  async take(address: string): Promise<NudgeView[]> {
    const { store, clock } = this.#options;
    const to = addressOf(address);
    const taken = await store.commit(() => {
      const rows = nudgesFor(store, to, clock.now());
      store.run("DELETE FROM nudges WHERE recipient = ?", to);
      return rows;
    });
    this.#waiting.delete(to);
    if (taken.length > 0) this.#emit(to, "delivered");
    return taken;
  }

  level(address: string): Level {
    return levelOf(this.#options.store, addressOf(address));
  }

  /** `verbose`: everything; `normal`: all but what is of low priority; `muted`: nothing. */
  async setLevel(address: string, level: Level): Promise<Level> {
    return this.#set(address, (sql, to, now) => setLevel(sql, to, level, now));
  }

  /** Do not disturb. Off, it is as loud as before. */
  async dnd(address: string, on: boolean): Promise<Level> {
    return this.#set(address, (sql, to, now) => setDnd(sql, to, on, now));
  }

  async #set(address: string, change: (sql: WritableSql, to: string, now: number) => Level): Promise<Level> {
    const { store, clock } = this.#options;
    const to = addressOf(address);
    const level = await store.commit(() => change(store, to, clock.now()));
    this.#emit(to, level);
    this.#offer(to);
    return level;
  }

  /** Hands over what can be handed over now; one after the other, and never two at once for the same agent. */
  #offer(to: string, turn = false): void {
    if (this.#offering.has(to)) {
      this.#again.set(to, turn || this.#again.get(to) === true);
      return;
    }
    const offering = this.#handOver(to, turn)
      .catch((error: unknown) => {
        this.#options.log.warn({ to, error: messageOf(error) }, "nudges could not be handed over");
      })
      .finally(() => {
        this.#offering.delete(to);
        const again = this.#again.get(to);
        if (this.#again.delete(to)) this.#offer(to, again);
      });
    this.#offering.set(to, offering);
  }

  #offerIn(ms: number, to: string): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#timers.delete(cancel);
      this.#offer(to);
    });
    this.#timers.add(cancel);
  }

  async #handOver(to: string, turn: boolean): Promise<void> {
    const { store, deliver, clock } = this.#options;
    const waiting = nudgesFor(store, to, clock.now());
    if (waiting.length === 0) {
      await store.commit(() => store.run("DELETE FROM nudges WHERE recipient = ?", to));
      this.#waiting.delete(to);
      return;
    }
    for (const { id, text, mode, kind, forced, at } of waiting) {
      const state = deliver.agents().find(({ address }) => address === to)?.state ?? "away";
      const waited = mode === "wait-idle" && clock.now() - at >= PATIENCE_MS;
      if (state === "away" || (state === "busy" && mode !== "immediate" && !turn && !waited)) continue;
      if (!forced && levelOf(store, to) === "muted") continue;
      if (!(await deliver.deliver(to, text, kind, id))) return;
      await store.commit(() => store.run("DELETE FROM nudges WHERE id = ?", id));
      this.#emit(to, "delivered");
    }
  }

  #emit(to: string, kind: string): void {
    this.#options.events.emit("changed", { noun: "nudges", id: to, kind, at: this.#options.clock.now() });
  }
}

function muted(level: Level, priority: NudgePriority): boolean {
  return level === "muted" || (level === "normal" && priority === "low");
}

/** What waits for an agent and is still alive, the oldest first. */
export function nudgesFor(
  sql: { all(text: string, ...parameters: (string | number)[]): Row[] },
  to: string,
  now: number,
): (NudgeView & { readonly kind: "nudge" | "mail"; readonly forced: boolean })[] {
  return sql.all("SELECT * FROM nudges WHERE recipient = ? AND expires_at > ? ORDER BY seq", to, now).map((row) => ({
    ...{ id: String(row.id), to: String(row.recipient), from: String(row.sender), text: String(row.text) },
    ...{ mode: row.mode as NudgeMode, priority: row.priority as NudgePriority, kind: row.kind as "nudge" | "mail" },
    ...{ forced: row.forced === 1, at: Number(row.at), expires_at: Number(row.expires_at) },
  }));
}
