import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { HubConfig } from "../config/schema.ts";
import { CronJobs } from "../cron/index.ts";
import type { AgentRuns, Sessions } from "../services.ts";
import type { Store } from "../store/index.ts";

export interface EverydayPartsOptions {
  readonly config: HubConfig;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
}

/** What a household does by the clock. */
export function everydayParts(options: EverydayPartsOptions) {
  const { config, store, clock, random, log, runs, sessions } = options;
  const cron = new CronJobs({
    ...{ store, clock, random, log, runs, sessions, enabled: config.cron.enabled },
    wake: () => {},
    deliver: async () => {},
  });
  /** To be started after the agent, in this order. */
  const units = (): readonly Unit[] => [cron];
  return { services: { cron }, units };
}
