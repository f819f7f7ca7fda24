import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type { HubConfig } from "../config/schema.ts";
import { CronJobs } from "../cron/index.ts";
import { HEARTBEAT_PROMPT, HeartbeatRuns } from "../heartbeat/index.ts";
import type { AgentRuns, Sessions } from "../services.ts";
import type { Store } from "../store/index.ts";
import { StoredWakeRouting } from "../wakewords/index.ts";

export interface EverydayPartsOptions {
  readonly config: Pick<HubConfig, "cron" | "heartbeat">;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
}

/** What a household does by the clock and by itself. */
export function everydayParts(options: EverydayPartsOptions) {
  const { config, store, clock, random, log, runs, sessions } = options;
  const shared = { clock, random, log, runs, sessions };
  const deliver = async () => {};
  const { every, prompt = HEARTBEAT_PROMPT, target, agentId } = config.heartbeat;
  const heartbeats = new HeartbeatRuns({ ...shared, every, prompt, target, agentId, deliver });
  const cron = new CronJobs({
    ...{ ...shared, store, enabled: config.cron.enabled, deliver },
    wake: (reason, sessionKey) => heartbeats.wake(reason, sessionKey),
  });
  const wakeRouting = new StoredWakeRouting({ store, clock });
  /** To be started after the agent, in this order. */
  const units = (): readonly Unit[] => [wakeRouting, heartbeats, cron];
  return { services: { cron, heartbeats, wakeRouting }, units };
}
