import { writeFileSync } from "node:fs";
import path from "node:path";
import { loadConfig } from "@barnacle/protocol/config";
import { seededRandom, silentLog } from "@barnacle/protocol/runtime";
import { HubConfig } from "../config/index.ts";
import type { TestRegistry } from "../devices/testing.ts";
import { RotatedLogFile } from "../logs/index.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { recordParts } from "./records.ts";

/** The real parts, with a configuration file of their own that has a secret in it. */
export async function testRecords(t: { teardown(fn: () => unknown): void }, { store, audit, clock }: TestRegistry) {
  const configFile = path.join(temporaryDirectory(t), "barnacle.yaml");
  writeFileSync(configFile, "site: home # ours\ngateway:\n  token: canary-token-of-the-file\n");
  const config = loadConfig(HubConfig, configFile);
  const logFile = new RotatedLogFile({ file: path.join(store.stateDir, "barnacle.log"), clock });
  const shared = { store, audit, clock, random: seededRandom(21), log: silentLog };
  const { services, units } = recordParts({ ...shared, config, configFile, logFile, canApprove: () => true });
  for (const unit of units) await unit.start();
  t.teardown(async () => {
    for (const unit of units.toReversed()) await unit.stop();
  });
  return services;
}
