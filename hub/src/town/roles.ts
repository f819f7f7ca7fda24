import path from "node:path";
import { Mayor } from "../mayor/index.ts";
import { Scheduler } from "../scheduler/index.ts";
import { removeOldLogs, Supervisor } from "../supervisor/index.ts";
import { Witness } from "../witness/index.ts";
import { directoryOf } from "../workers/index.ts";
import type { Neighbours } from "./neighbours.ts";
import type { TownBase } from "./part.ts";
import { giveAway, mayorPorts, schedulerPorts, witnessPorts } from "./role-ports.ts";
import { settingsOf } from "./settings.ts";

/** The parts that decide what others do, with their ways to those others. `near` is asked when something is to be done. */
export function roleParts(base: TownBase, near: () => Neighbours) {
  const settings = settingsOf(base);
  const scheduler = new Scheduler({ ...base, settings: () => settings().scheduler, ports: schedulerPorts(near) });
  const witness = new Witness({
    ...{ ...base, settings: () => settings().witness },
    ports: witnessPorts(base, near, scheduler, settings),
  });
  const mayor = new Mayor({ ...base, settings: () => settings().mayor, ports: mayorPorts(near, scheduler) });
  const supervisor = new Supervisor({
    ...{ ...base, settings: () => settings().supervisor },
    ports: {
      roles: async () => {
        await mayor.round();
        return [];
      },
      agents: () => {
        const { workers } = near();
        return workers && new Set(workers.list().map(({ address }) => address));
      },
      hangs: (bead) => near().hooks?.reads.ofBead(bead) !== undefined,
      patrol: () => witness.patrol(),
      recover: (bead, _assignee, why) => giveAway(near(), scheduler, "deacon/", bead, why),
      orphanedWorktrees: async () => {
        const { workers, worktrees } = near();
        const known = new Set(workers?.list().map(({ address }) => address));
        const left = worktrees.list().filter(({ kind, agent }) => kind === "polecat" && !known.has(agent));
        return workers ? left.map(({ path }) => path) : [];
      },
      dispatch: () => scheduler.run(),
      rotateLogs: async () => {
        const { workers } = near();
        const known = new Set(workers?.list().map(({ address }) => directoryOf(address)));
        return workers ? removeOldLogs(path.join(base.store.stateDir, "workers"), known, base.clock.now()) : [];
      },
      busy: () => witness.watching || scheduler.size > 0 || mayor.watching,
    },
  });
  return { scheduler, witness, mayor, supervisor };
}
