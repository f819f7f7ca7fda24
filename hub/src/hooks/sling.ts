import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import type { HookEvent, HooksOptions } from "./hooks.ts";
import { type Hook, type HookOptions, type HookReads, ON_HOOK } from "./record.ts";
import { checkRig, checkSlingable } from "./slingable.ts";
import { HookTable } from "./table.ts";
import { idlePolecat, namedAgent, newPolecat, type Target, targetOf } from "./target.ts";

export interface SlingParams {
  /** An id, or a part of one. */
  readonly bead: string;
  /** A rig, or an agent's address; default: who slings. */
  readonly to?: string | undefined;
  readonly args?: string | undefined;
  /** Also what is deferred or blocked, of another rig, or somebody else's. */
  readonly force?: boolean | undefined;
  /** `false`: no convoy of its own; a text: the convoy that it is slung for. */
  readonly convoy?: boolean | string | undefined;
  /** An agent of this name is made where there is none. */
  readonly create?: boolean | undefined;
  /** Behind what its agent has already. */
  readonly queue?: boolean | undefined;
  readonly runner?: string | undefined;
  readonly baseBranch?: string | undefined;
  readonly target?: string | undefined;
  readonly noMerge?: boolean | undefined;
  /** `false`: hung only; it is begun at the next start of its agent. */
  readonly now?: boolean | undefined;
}

export interface Slung {
  readonly bead: string;
  readonly agent: string;
  readonly convoy?: string;
  /** It was there before. */
  readonly already: boolean;
  /** A process has it. */
  readonly started: boolean;
  /** It waits for a worker of `agent`, a rig. */
  readonly queued?: true;
}

export interface SlingOptions extends HooksOptions {
  readonly reads: HookReads;
  readonly tell: (kind: HookEvent, bead: string, data: Readonly<Record<string, unknown>>) => void;
}

/** What the transaction found. `steal`: somebody else's process works on it, or on what is pushed off; it is ended first. */
type Attempt =
  | { readonly hook: Hook; readonly already: boolean; readonly isNew: boolean }
  | { readonly steal: string; readonly why: string };

const MOST_STEALS = 5;
const KEEPS: ReadonlySet<string> = new Set(["WORKTREE_DIRTY", "WORKTREE_LOST"]);

/** Giving a bead to an agent. Every check and the hook are one transaction of the store's only writer, so nobody is in between. */
export class Sling {
  readonly #options: SlingOptions;

  constructor(options: SlingOptions) {
    this.#options = options;
  }

  async sling(who: string, params: SlingParams): Promise<Slung> {
    const { beads, workers, rigs, estop, reads, tell } = this.#options;
    estop?.refuse("nothing is slung");
    const bead = beads.reads.resolve(params.bead);
    const target = targetOf(params.to ?? who, workers, rigs);
    let found: Attempt | undefined;
    for (let tries = 0; tries < MOST_STEALS; tries++) {
      found = await beads.write(who, (writer) => this.#hang(writer, bead, target, params));
      if ("hook" in found) break;
      await workers.finish(found.steal, found.why, true);
    }
    if (!found || !("hook" in found)) throw new BarnacleError("HOOK_TAKEN", `${bead}: its worker does not end`);
    const { agent } = found.hook;
    if (found.isNew) workers.tell("registered", agent, {});
    // What an agent will look for is there before the agent is.
    const seen = reads.ofBead(bead);
    if (seen?.agent !== agent) throw new BarnacleError("CONFLICT", `${bead} was taken from ${agent} at this moment`);
    if (!found.already) tell("slung", bead, { agent, by: who, ...(seen.convoy ? { convoy: seen.convoy } : {}) });
    let started: boolean;
    try {
      started = await this.#begin(who, seen, params, found.already);
    } catch (error) {
      // Another worker of the rig may have a clean place.
      if (target.kind !== "rig" || !KEEPS.has(toBarnacleError(error).code)) throw error;
      return this.sling(who, params);
    }
    return { bead, agent, ...(seen.convoy ? { convoy: seen.convoy } : {}), already: found.already, started };
  }

  #hang(writer: BeadWriter, id: string, target: Target, params: SlingParams): Attempt {
    const { reads, workers, rigs, config, convoys } = this.#options;
    const { force = false } = params;
    const { bead } = writer.need(id);
    checkSlingable(writer, bead, force);
    const early = force ? undefined : convoys?.heldBy?.(id);
    if (early) {
      const why = `its convoy ${early.convoy} waits for ${early.waitsFor.join(", ")}`;
      throw new BarnacleError("SLING_REFUSED", `${id} is not slung: ${why} (--force slings it)`, { details: { id } });
    }
    const rig = target.kind === "rig" ? target.rig : target.address.rig;
    if (rig !== undefined) checkRig(id, rig, rigs, force);
    const held = this.#holder(bead, target, force);
    if (held) return held;
    const idle = target.kind === "rig" ? idlePolecat(workers, target.rig) : undefined;
    const address =
      target.kind === "agent"
        ? target.address.text
        : (idle?.address ?? newPolecat(writer.sql, workers, target.rig, config().names[target.rig], writer.who).text);
    const isNew =
      target.kind === "agent"
        ? namedAgent(writer.sql, workers, target.address, writer.who, params.create === true)
        : idle === undefined;
    const first = reads.of(address);
    const busy = first?.bead === id ? undefined : first;
    if (busy && !params.queue) {
      if (!force) {
        throw new BarnacleError("HOOK_TAKEN", `${address} has ${busy.bead} on its hook`, {
          hint: "--queue hangs it behind that, --force in its place; or give the rig as the target.",
          details: { agent: address, bead: busy.bead },
        });
      }
      if (workers.find(address)?.running) return { steal: address, why: `${id} takes the place of ${busy.bead}` };
      writer.update(busy.bead, { status: "open", assignee: null });
      HookTable.end(writer.sql, { bead: busy.bead, agent: address, at: writer.now, exit: "UNSLUNG" });
    }
    const convoy = this.#convoy(writer, id, params, convoys);
    if (bead.status !== "open" && bead.status !== "hooked") writer.update(id, { status: "open" });
    writer.update(id, { status: "hooked", assignee: address });
    HookTable.hang(
      writer.sql,
      { bead: id, agent: address, convoy, options: optionsOf(params) },
      writer.who,
      writer.now,
    );
    if (!busy || !params.queue) {
      workers.markWithin(writer.sql, address, {
        ...{ held: false, restarts: 0, next_start_at: null, reason: null, handoff: null },
        state: workers.isProgram(address) ? "spawning" : "working",
      });
    }
    return { hook: reads.ofBead(id) as Hook, already: false, isNew };
  }

  /** What its present holder means: nothing to do, a process to end first, a refusal; undefined: it is free. */
  #holder(bead: BeadRecord, target: Target, force: boolean): Attempt | undefined {
    const { reads, workers } = this.#options;
    const { id, status = "open", assignee } = bead;
    if (!ON_HOOK.includes(status) || !assignee) return undefined;
    const hook = reads.ofBead(id);
    const holder = workers.find(assignee);
    const same = target.kind === "agent" ? target.address.text === assignee : holder?.rig === target.rig;
    const lives = workers.alive(assignee);
    const stands = holder?.held === true || holder?.state === "stuck" || holder?.state === "nuked";
    if (hook && same && (lives || !stands)) return { hook, already: true, isNew: false };
    const running = holder?.running === true;
    const [last] = reads.ends(id);
    if (!hook && last?.mergeRequest && !force) {
      throw new BarnacleError("HOOK_TAKEN", `${id} is done and waits to be merged: ${last.mergeRequest}`);
    }
    // A dead holder: its process is gone and is not to come back.
    if (holder && !running && (stands || !hook)) return undefined;
    if (!force) {
      throw new BarnacleError(
        "HOOK_TAKEN",
        `${id} is ${status === "hooked" ? "on the hook" : "the work"} of ${assignee}`,
        {
          details: { bead: id, agent: assignee, status },
        },
      );
    }
    return running ? { steal: assignee, why: `${id} was given to somebody else` } : undefined;
  }

  #convoy(writer: BeadWriter, id: string, { convoy = true }: SlingParams, convoys: HooksOptions["convoys"]) {
    if (typeof convoy === "string") return convoy;
    return convoy ? convoys?.autoFor(writer, id) : undefined;
  }

  /** @returns whether a process has it. A start that fails leaves nothing on the hook. */
  async #begin(who: string, hook: Hook, { now = true }: SlingParams, already: boolean): Promise<boolean> {
    const { workers, reads, beads, log, hub } = this.#options;
    const { bead, agent } = hook;
    if (!now || !hub || reads.of(agent)?.bead !== bead) return false;
    if (workers.find(agent)?.running) return true;
    if (already && workers.alive(agent)) return false;
    // Who stands for a part of the hub itself, or a person, takes it up without a process of ours.
    if (!workers.isProgram(agent)) return false;
    try {
      await workers.start(agent);
      return true;
    } catch (error) {
      const { code } = toBarnacleError(error);
      log.warn({ bead, agent, error: messageOf(error) }, "what was slung could not be started");
      if (code === "HUB_STOPPING") throw error;
      await beads.write(who, (writer) => {
        if (reads.ofBead(bead)?.agent !== agent) return;
        writer.update(bead, { status: "open", assignee: null });
        HookTable.end(writer.sql, { bead, agent, at: writer.now, exit: "UNSLUNG", summary: messageOf(error) });
        // What is unsaved in its worktree is somebody's to look at; it gets no other work until then.
        const state = KEEPS.has(code) ? "stuck" : "idle";
        workers.markWithin(writer.sql, agent, { state, reason: messageOf(error) });
      });
      throw error;
    }
  }
}

function optionsOf({ args, runner, baseBranch, noMerge, target }: SlingParams): HookOptions {
  const options = { args, runner, baseBranch, noMerge, target };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
