import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import { type EverydayPartsOptions, everydayParts } from "./everyday.ts";

/** The everyday parts on a test's store and runs, started. */
export async function testEveryday(
  t: { teardown(fn: () => unknown): void },
  options: Omit<EverydayPartsOptions, "random" | "log" | "config">,
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
