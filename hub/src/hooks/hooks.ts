import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { WorkConfig } from "../config/work.ts";
import type { EscalationPort } from "../escalations/index.ts";
import type { TownBase } from "../town/part.ts";
import { type Assignment, type EstopPort, teller, type WorkPort } from "../workers/index.ts";
import { Finishing } from "./finishing.ts";
import type { ConvoyPort, HookRigs, PostPort, Submit, WorkersPort } from "./ports.ts";
import { primeText } from "./prime.ts";
import { type Hook, type HookEnd, HookReads, ON_HOOK } from "./record.ts";
import { Sling, type SlingParams, type Slung } from "./sling.ts";
import { HookTable } from "./table.ts";

export interface HooksOptions extends TownBase {
  readonly config: () => WorkConfig;
  readonly workers: WorkersPort;
  readonly rigs?: HookRigs | undefined;
  readonly convoys?: ConvoyPort | undefined;
  readonly submit?: Submit | undefined;
  readonly escalations?: EscalationPort | undefined;
  readonly post?: PostPort | undefined;
  readonly estop?: Pick<EstopPort, "refuse"> | undefined;
}

export interface DoneParams {
  readonly address: string;
  readonly status?: "COMPLETED" | "ESCALATED" | "DEFERRED" | undefined;
  readonly summary?: string | undefined;
  readonly noMerge?: boolean | undefined;
  /** Where it is merged to; default where it was slung for. */
  readonly target?: string | undefined;
}

export interface Recovered {
  readonly bead: string;
  /** False: nobody had it. */
  readonly recovered: boolean;
  /** Attempts so far that came to nothing. */
  readonly attempts: number;
  /** It is set aside and reported. */
  readonly abandoned: boolean;
}

export type HookEvent = "slung" | "unslung" | "done" | "recovered" | "abandoned" | "handoff" | "escalated";

/** What hangs on whose hook: one present work for each agent, kept until it is done, taken away or given up. */
export class Hooks implements Unit, WorkPort {
  readonly reads: HookReads;
  readonly tell: (kind: HookEvent, bead: string, data?: Readonly<Record<string, unknown>>) => void;
  readonly #options: HooksOptions;
  readonly #sling: Sling;
  readonly #finishing: Finishing;

  constructor(options: HooksOptions) {
    this.#options = options;
    this.reads = new HookReads(options.store, options.beads.reads);
    this.tell = teller("hooks", options);
    this.#sling = new Sling({ ...options, reads: this.reads, tell: this.tell });
    this.#finishing = new Finishing({ ...options, reads: this.reads, tell: this.tell });
  }

  /** A bead that goes another way (closed by hand, given to somebody else) leaves its hook. */
  async start(): Promise<void> {
    const { beads } = this.#options;
    beads.events.on("changed", ({ events }) => this.#dropVoid([...new Set(events.map(({ id }) => id))]), this);
    const all = this.#options.store.all("SELECT bead FROM hooks").map(({ bead }) => String(bead));
    this.#dropVoid(all);
  }

  async stop(): Promise<void> {
    this.#options.beads.events.dropOwner(this);
  }

  /**
   * Hangs a bead on a hook and starts who has to do it: on disk and read back before anything is started. Slinging what is
   * there already changes nothing.
   * @throws SLING_REFUSED, HOOK_TAKEN, WORKER_UNKNOWN, WORKER_START (then it hangs nowhere), ESTOPPED, BEAD_UNKNOWN
   */
  sling(who: string, params: SlingParams): Promise<Slung> {
    return this.#sling.sling(who, params);
  }

  /** The bead on an agent's hook. */
  hookOf(address: string): string | undefined {
    return this.reads.of(address)?.bead;
  }

  assignment(address: string): Assignment | undefined {
    const hook = this.reads.of(address);
    if (!hook) return undefined;
    const { args, baseBranch, runner } = hook.options;
    return { bead: this.reads.beadOf(hook), hookedAt: hook.hookedAt, args, base: baseBranch, runner };
  }

  async taken(address: string, bead: string): Promise<void> {
    await this.#options.beads.write(address, (writer) => {
      if (this.reads.ofBead(bead)?.agent !== address || writer.need(bead).bead.status !== "hooked") return;
      writer.update(bead, { status: "in_progress" });
    });
  }

  prompt(address: string): string {
    const { store, workers, rigs } = this.#options;
    return primeText({ sql: store, hooks: this.reads, worker: workers.reads.find(address), address, rigs });
  }

  /** Takes work off a hook, by its bead or by whose hook it is; it is open again. @throws HOOK_EMPTY, HOOK_TAKEN while somebody works on it */
  async unsling(
    who: string,
    { bead, address, force = false }: { readonly bead?: string; readonly address?: string; readonly force?: boolean },
  ): Promise<HookEnd> {
    const { beads, workers } = this.#options;
    const hook =
      bead === undefined ? this.reads.of(workers.reads.address(address ?? "").text) : this.reads.ofBead(bead);
    if (!hook)
      throw new BarnacleError(
        "HOOK_EMPTY",
        `${bead ?? address ?? "it"} ${bead ? "hangs on no hook" : "has nothing on its hook"}`,
      );
    const { agent } = hook;
    const works = workers.find(agent)?.running === true && this.hookOf(agent) === hook.bead;
    if (works && !force) {
      throw new BarnacleError("HOOK_TAKEN", `${agent} works on ${hook.bead}; --force ends its process`);
    }
    if (works) await workers.finish(agent, `${hook.bead} was taken away by ${who}`);
    const end = await beads.write(who, (writer) => {
      if (!this.reads.ofBead(hook.bead)) return undefined;
      writer.update(hook.bead, { status: "open", assignee: null });
      const ended: HookEnd = { bead: hook.bead, agent, at: writer.now, exit: "UNSLUNG" };
      HookTable.end(writer.sql, ended);
      this.#freeWithin(writer.sql, agent);
      return ended;
    });
    if (!end) throw new BarnacleError("HOOK_EMPTY", `${hook.bead} hangs on no hook`);
    this.tell("unslung", hook.bead, { agent });
    workers.finishSoon(agent, "its work was taken away");
    return end;
  }

  /**
   * Work that came to nothing is open again and its attempt counted; after the last it is set aside and reported. Its
   * process, if there still is one, has ended by then.
   */
  async recover(who: string, bead: string, why: string): Promise<Recovered> {
    const { beads, workers, config, escalations } = this.#options;
    const hook = this.reads.ofBead(bead);
    if (hook && this.hookOf(hook.agent) === bead) await workers.finish(hook.agent, why, true);
    const most = config().workers.maxRetries + 1;
    const result = await beads.write(who, (writer): Recovered => {
      const { status = "open", attempts = 0 } = writer.need(bead).bead;
      if (!ON_HOOK.includes(status)) return { bead, recovered: false, attempts, abandoned: false };
      const agent = this.reads.ofBead(bead)?.agent ?? writer.need(bead).bead.assignee;
      const again = writer.claims.fail(bead, why, most);
      if (!again) writer.addLabel(bead, "abandoned");
      if (agent) {
        const exit = again ? "RECOVERED" : "ABANDONED";
        HookTable.end(writer.sql, { bead, agent, at: writer.now, exit, summary: why });
        this.#freeWithin(writer.sql, agent);
      }
      return { bead, recovered: true, attempts: attempts + 1, abandoned: !again };
    });
    if (!result.recovered) return result;
    const data = { why, attempts: result.attempts, ...(hook ? { agent: hook.agent } : {}) };
    this.tell(result.abandoned ? "abandoned" : "recovered", bead, data);
    if (hook) workers.finishSoon(hook.agent, why);
    if (result.abandoned) {
      await escalations?.raise(who, {
        severity: "high",
        subject: `${bead} is given up after ${result.attempts} attempts`,
        ...{ reason: why, source: "hooks", bead, key: `abandoned:${bead}:${result.attempts}` },
      });
    }
    return result;
  }

  /** Gives back beads that somebody had begun or had on a hook, without counting an attempt. */
  async release(who: string, ids: readonly string[], reason?: string): Promise<BeadRecord[]> {
    const { beads } = this.#options;
    const released: BeadRecord[] = [];
    for (const id of ids) {
      const bead = beads.reads.resolve(id);
      if (this.reads.ofBead(bead)) await this.unsling(who, { bead, force: true });
      const given = await beads.write(who, (writer) => {
        const { status = "open" } = writer.need(bead).bead;
        if (ON_HOOK.includes(status)) writer.update(bead, { status: "open", assignee: null });
        return reason === undefined ? writer.need(bead).bead : writer.comment(bead, reason);
      });
      released.push(given);
    }
    return released;
  }

  /**
   * A worker has finished: its branch is pushed before this resolves. Repeated, it answers as before.
   * @throws HOOK_EMPTY, DONE_REFUSED when something is not committed
   */
  done(who: string, params: DoneParams): Promise<HookEnd> {
    return this.#finishing.done(who, params);
  }

  /** A worker asks for help. */
  escalate(who: string, said: Parameters<WorkPort["escalate"]>[1]): Promise<unknown> {
    return this.#finishing.escalate(who, said);
  }

  /** A worker ends its session and leaves notes for its next one. @throws HANDOFF_TOO_SOON */
  handoff(
    who: string,
    said: { readonly address: string; readonly subject?: string | undefined; readonly message?: string | undefined },
  ): Promise<{ readonly agent: string; readonly bead?: string; readonly mail?: string }> {
    return this.#finishing.handoff(who, said);
  }

  /** What it was counted for is over. */
  #freeWithin(sql: Parameters<WorkersPort["markWithin"]>[0], agent: string): void {
    this.#options.workers.markWithin(sql, agent, { state: "idle", reason: null, restarts: 0, next_start_at: null });
  }

  #dropVoid(ids: readonly string[]): void {
    const { store, workers, log } = this.#options;
    if (this.reads.void(ids).length === 0) return;
    store
      .commit(() => {
        const gone = this.reads.void(ids);
        for (const { bead, agent } of gone) {
          HookTable.drop(store, bead);
          this.#freeWithin(store, agent);
        }
        return gone;
      })
      .then((gone) => {
        for (const { bead, agent } of gone) {
          this.tell("unslung", bead, { agent });
          workers.finishSoon(agent, `${bead} went another way`);
        }
      })
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "a hook could not be emptied"));
  }
}

export type { Hook };
