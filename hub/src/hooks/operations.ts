import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import type { Town } from "../town/town.ts";
import { agentBeadId, WorkerReads } from "../workers/index.ts";
import { primeText } from "./prime.ts";
import { HookReads } from "./record.ts";
import type { SlingParams, Slung } from "./sling.ts";

const hooksOf = ({ sql, reads }: TownReading) => new HookReads(sql, reads);
const iso = (ms: number) => new Date(ms).toISOString();

/** As `gt hook` has it. */
function shown(reading: TownReading, text: string) {
  const address = new WorkerReads(reading.sql).address(text);
  const hooks = hooksOf(reading);
  const [hook, ...behind] = hooks.queue(address.text);
  const base = {
    ...{ target: address.text, role: address.role, agent_bead_id: agentBeadId(address) },
    has_work: hook !== undefined,
  };
  if (!hook) return { ...base, next_action: "Look into the mail: barnacle mail inbox" };
  return {
    ...{ ...base, pinned_bead: hooks.beadOf(hook), attached_at: iso(hook.hookedAt), dispatched_by: hook.hookedBy },
    ...(hook.options.args === undefined ? {} : { attached_args: hook.options.args }),
    ...(hook.options.formula === undefined ? {} : { attached_formula: hook.options.formula }),
    ...(hook.convoy === undefined ? {} : { convoy_id: hook.convoy }),
    ...(behind.length === 0 ? {} : { queued: behind.map(({ bead, title }) => ({ bead_id: bead, title })) }),
    ...{ is_wisp: false, next_action: hook.status === "hooked" ? "Begin at once" : "Go on" },
  };
}

export const READS: Operations["READS"] = {
  show: (reading, { agent }: { agent: string }) => shown(reading, agent),
  list: (reading, _: object) =>
    hooksOf(reading)
      .list()
      .map(({ agent, bead, title, status, hookedAt, hookedBy, convoy }) => ({
        ...{ agent, bead_id: bead, title, status, attached_at: iso(hookedAt), dispatched_by: hookedBy },
        ...(convoy === undefined ? {} : { convoy_id: convoy }),
      })),
  ends: (reading, { bead }: { bead: string }) => hooksOf(reading).ends(reading.reads.resolve(bead)),
  prime: (reading, { agent }: { agent: string }) => {
    const workers = new WorkerReads(reading.sql);
    const address = workers.address(agent);
    const worker = workers.find(address.text);
    const text = primeText({ sql: reading.sql, hooks: hooksOf(reading), worker, address: address.text });
    return { ...shown(reading, agent), text };
  },
};

export const WRITES: Operations["WRITES"] = {
  sling: { alone: true, run: ({ town, who }, params: SlingParams) => slingOrWait(town, who, params) },
  /** Each for itself: what is refused does not keep the others back. */
  slingMany: {
    alone: true,
    run: async (
      { town, who },
      { beads, ...params }: Omit<SlingParams, "bead"> & { readonly beads: readonly string[] },
    ) => {
      const [slung, refused]: [object[], object[]] = [[], []];
      for (const bead of beads) {
        try {
          slung.push(await slingOrWait(town, who, { ...params, bead }));
        } catch (error) {
          const { code, message } = toBarnacleError(error);
          refused.push({ bead, code, message });
        }
      }
      return { slung, refused };
    },
  },
  unsling: {
    alone: true,
    run: async ({ town, who }, { bead, agent, force }: { bead?: string; agent?: string; force?: boolean }) => {
      const id = bead === undefined ? undefined : town.beads.reads.resolve(bead);
      const address = agent ?? (id === undefined ? who : undefined);
      return town.hooks.unsling(who, {
        ...(id === undefined ? {} : { bead: id }),
        ...(address === undefined ? {} : { address }),
        ...(force === undefined ? {} : { force }),
      });
    },
  },
  release: {
    alone: true,
    run: ({ town, who }, { ids, reason }: { ids: readonly string[]; reason?: string }) =>
      town.hooks.release(who, ids, reason),
  },
  recover: {
    alone: true,
    run: ({ town, who }, { bead, why }: { bead: string; why: string }) =>
      town.hooks.recover(who, town.beads.reads.resolve(bead), why),
  },
  done: {
    alone: false,
    run: (call, { agent, ...params }) => call.town.hooks.done(call.who, { ...params, address: agentOf(call, agent) }),
  },
  handoff: {
    alone: false,
    run: (call, { agent, ...params }) =>
      call.town.hooks.handoff(call.who, { ...params, address: agentOf(call, agent) }),
  },
};

/**
 * For any worker of a rig while no place is free, it waits in the scheduler's queue, its bead untouched; with `force`, and
 * for an agent that is named, it is slung at once.
 */
async function slingOrWait(town: Town, who: string, params: SlingParams): Promise<Slung> {
  const { bead, to, ...args } = params;
  const rig = to === undefined ? undefined : town.rigs.find(to);
  const waits = rig?.state === "active" && !town.estop.state().stopped && !town.scheduler.hasRoom(rig.name);
  const id = town.beads.reads.resolve(bead);
  if (!rig || !waits || params.force || town.hooks.reads.ofBead(id)) return town.hooks.sling(who, params);
  await town.scheduler.enqueue(who, { bead: id, rig: rig.name, args });
  return { bead: id, agent: rig.name, already: false, started: false, queued: true };
}

/** Of whom it is said. A worker speaks of itself alone. @throws POLICY_DENIED, INPUT_INVALID */
function agentOf({ town, who, principal }: TownCall, given: unknown): string {
  const agent = typeof given === "string" ? town.workers.reads.address(given).text : undefined;
  if (principal?.kind === "agent" && agent !== undefined && agent !== principal.id) {
    throw new BarnacleError("POLICY_DENIED", `${principal.id} cannot speak for ${agent}`);
  }
  if (agent !== undefined || who.includes("/")) return agent ?? who;
  throw new BarnacleError("INPUT_INVALID", `${who} is no agent; say which one: --agent <rig>/<name>`);
}
