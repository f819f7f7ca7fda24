import { BarnacleError } from "@barnacle/protocol/errors";
import type { TownCall, TownReading } from "../town/index.ts";
import type { NewEscalation } from "./escalations.ts";
import { type EscalationState, find, list, type Severity, stale } from "./row.ts";

const STALE_MS = 4 * 3_600_000;

export const READS = {
  list: (
    { sql }: TownReading,
    { all = false, state, severity }: { all?: boolean; state?: EscalationState; severity?: Severity },
  ) => list(sql, all ? ["open", "acked", "closed"] : state === undefined ? ["open", "acked"] : [state], severity),
  show: ({ sql, reads }: TownReading, { id }: { readonly id: string }) => {
    const found = find(sql, reads.resolve(id));
    if (!found) throw new BarnacleError("NOT_FOUND", `${id} is no escalation`);
    return { ...found, comments: reads.find(found.id)?.comments ?? [] };
  },
  stale: ({ sql, now }: TownReading, { staleMs = STALE_MS }: { readonly staleMs?: number }) =>
    stale(sql, now(), staleMs),
};

/** Beside a stopped hub too: it is told by the hub when that is back. */
export const WRITES = {
  raise: {
    alone: true,
    run: ({ town, who }: TownCall, { bead, ...rest }: NewEscalation) =>
      town.escalations.raise(who, { ...rest, ...(bead === undefined ? {} : { bead: town.beads.reads.resolve(bead) }) }),
  },
  ack: {
    alone: true,
    run: ({ town, who }: TownCall, { id }: { readonly id: string }) => town.escalations.ack(who, id),
  },
  close: {
    alone: true,
    run: ({ town, who }: TownCall, { id, reason }: { readonly id: string; readonly reason?: string }) =>
      town.escalations.close(who, id, reason),
  },
};
