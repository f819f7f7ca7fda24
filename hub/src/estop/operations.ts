import type { Sql } from "../beads/index.ts";
import type { StopState } from "../services.ts";
import type { TownCall } from "../town/index.ts";
import { stopState } from "./estop.ts";

interface Why {
  readonly reason?: string;
}

/** Whether it holds, as it is on disk. */
export function stopOf(sql: Sql): StopState {
  const known = sql.one("SELECT 1 AS found FROM sqlite_master WHERE name = 'emergency_stop'");
  return known === undefined ? { stopped: false } : stopState(sql.one("SELECT * FROM emergency_stop"));
}

export const READS = {
  status: ({ sql }: { readonly sql: Sql }, _: object): StopState => stopOf(sql),
};

/** Beside a stopped hub too: what it holds is not begun again when the hub starts. */
export const WRITES = {
  stop: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { reason }: Why) => town.estop.pull({ who, reason, principal }),
  },
  thaw: {
    alone: true,
    run: ({ town, who, principal }: TownCall, { reason }: Why) => town.estop.thaw({ who, reason, principal }),
  },
};
