import { listRigs, needRig } from "../rigs/table.ts";
import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { Evidence, type MergeRecord } from "./evidence.ts";
import { type IntegrationStatus, integrationBranches, integrationOf, integrationStatus } from "./integration.ts";
import type { NewIntegration } from "./integrations.ts";
import { Journal, type Run } from "./journal.ts";
import type { SubmitAsk } from "./refinery.ts";
import { isReady, type MergeRequest } from "./request.ts";
import { needRequest, type RequestQuery, requests } from "./requests.ts";
import { type RefineryStatus, refineryStatus } from "./status.ts";

const SHOWN = 50;

interface Limited {
  readonly rig?: string;
  readonly limit?: number;
}

interface One {
  readonly id: string;
}

/** A request with the evidence of its merge. */
export type RequestShown = MergeRequest & { readonly merge?: MergeRecord };

/** Whole, or the end of it. */
function whole({ reads }: TownReading, id: string): string {
  return reads.resolve(id);
}

export const READS = {
  list: ({ sql, now }: TownReading, query: RequestQuery): MergeRequest[] => requests(sql, query, now()),
  /** The next to be merged; null: none could be taken now. `fifo`: the oldest. */
  next: (
    { sql, now }: TownReading,
    { rig, strategy }: { readonly rig?: string; readonly strategy?: "priority" | "fifo" },
  ): MergeRequest | null => {
    const ready = requests(sql, { rig, limit: 0 }, now()).filter(isReady);
    if (strategy === "fifo") ready.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    return ready[0] ?? null;
  },
  show: (reading: TownReading, { id }: One): RequestShown => {
    const { sql, now } = reading;
    const request = needRequest(sql, whole(reading, id), now());
    const merge = request.merge_commit === undefined ? undefined : new Evidence(sql).find(request.id);
    return { ...request, ...(merge === undefined ? {} : { merge }) };
  },
  merges: ({ sql }: TownReading, { rig, limit = SHOWN }: Limited): MergeRecord[] => new Evidence(sql).list(rig, limit),
  /** By request, source bead or commit. */
  evidence: ({ sql }: TownReading, { of }: { readonly of: string }): MergeRecord => new Evidence(sql).find(of),
  runs: ({ sql }: TownReading, { rig, limit = SHOWN }: Limited): Run[] => new Journal(sql).list(rig, limit),
  status: ({ sql, now }: TownReading, { rig }: Pick<Limited, "rig">): RefineryStatus[] => {
    const rigs = rig === undefined ? listRigs(sql) : [needRig(sql, rig)];
    return rigs.map(({ name }) => refineryStatus(sql, name, now()));
  },
  integrations: ({ sql }: TownReading, { rig }: Pick<Limited, "rig">): IntegrationStatus[] =>
    integrationBranches(sql, rig).map((one) => integrationStatus(sql, one)),
  integration: ({ sql }: TownReading, { of }: { readonly of: string }): IntegrationStatus =>
    integrationStatus(sql, integrationOf(sql, of)),
} satisfies Operations["READS"];

export const WRITES = {
  submit: {
    alone: true,
    run: ({ town, who }: TownCall, ask: SubmitAsk) => {
      const bead = ask.bead === undefined ? undefined : town.beads.reads.resolve(ask.bead);
      return town.refinery.submit(who, { ...ask, bead });
    },
  },
  retry: {
    alone: true,
    run: ({ town, who }: TownCall, { id }: One) => town.refinery.retry(who, whole(town.reading(), id)),
  },
  reject: {
    alone: true,
    run: ({ town, who }: TownCall, { id, reason }: One & { readonly reason: string }) =>
      town.refinery.reject(who, whole(town.reading(), id), reason),
  },
  rollback: {
    alone: false,
    run: (
      { town, who }: TownCall,
      { of, reason, force }: { readonly of: string; readonly reason?: string; readonly force?: boolean },
    ) => town.refinery.rollback(who, of, { ...(reason === undefined ? {} : { reason }), ...(force ? { force } : {}) }),
  },
  start: {
    alone: true,
    run: async ({ town, who }: TownCall, { rig }: { readonly rig: string }) => {
      await town.refinery.resume(who, rig);
      return READS.status(town.reading(), { rig })[0];
    },
  },
  stop: {
    alone: true,
    run: async ({ town, who }: TownCall, { rig }: { readonly rig: string }) => {
      await town.refinery.halt(who, rig);
      return READS.status(town.reading(), { rig })[0];
    },
  },
  integrationCreate: {
    alone: true,
    run: async ({ town, who }: TownCall, ask: NewIntegration) => {
      await town.refinery.integrations.create(who, { ...ask, epic: town.beads.reads.resolve(ask.epic) });
      return READS.integration(town.reading(), { of: town.beads.reads.resolve(ask.epic) });
    },
  },
  integrationLand: {
    alone: false,
    run: ({ town, who }: TownCall, { of, force }: { readonly of: string; readonly force?: boolean }) =>
      town.refinery.integrations.land(who, of, { force }),
  },
} satisfies Operations["WRITES"];
