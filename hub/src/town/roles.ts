import { BarnacleError } from "@barnacle/protocol/errors";
import { Scheduler, type SchedulerPorts } from "../scheduler/index.ts";
import type { TownBase } from "./part.ts";
import { settingsOf } from "./settings.ts";

/** The parts that decide what others do, with their ways to those others. */
export function roleParts(base: TownBase) {
  const settings = settingsOf(base);
  const ports: SchedulerPorts = {
    sling: async () => {
      throw new BarnacleError("HUB_UNREACHABLE", "no workers here");
    },
    stopped: () => false,
    closedRigs: () => new Set(),
    report: async () => {},
  };
  const scheduler = new Scheduler({ ...base, settings: () => settings().scheduler, ports });
  return { scheduler };
}
