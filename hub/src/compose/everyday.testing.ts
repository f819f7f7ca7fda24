import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { AgentRuns, Sessions } from "../services.ts";
import { type EverydayPartsOptions, everydayParts } from "./everyday.ts";

/** The everyday parts on a test's store and runs, started. */
export async function testEveryday(
  t: { teardown(fn: () => unknown): void },
  options: Pick<EverydayPartsOptions, "store" | "clock"> & { runs: AgentRuns; sessions: Sessions },
) {
  const parts = everydayParts({
    ...{ random: seededRandom(12), log: silentLog, ...options },
    config: { cron: { enabled: true }, heartbeat: { every: "0m", target: "none" } },
  });
  for (const unit of parts.units()) {
    await unit.start();
    t.teardown(() => unit.stop());
  }
  return parts.services;
}
