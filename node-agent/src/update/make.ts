import path from "node:path";
import type { NodeConfiguration } from "../config/index.ts";
import { AGENT_VERSION } from "../version.ts";
import { CommandInstaller } from "./installer.ts";
import { Updater, type UpdaterParts } from "./updater.ts";

/** As the node's own configuration says. */
export function makeUpdater({
  config,
  ...parts
}: Pick<UpdaterParts, "settings" | "clock" | "log" | "leave"> & { readonly config: NodeConfiguration }): Updater {
  const { update, trialS } = config.fleet;
  return new Updater({
    ...parts,
    directory: path.join(config.stateDir, "packages"),
    installer: update && new CommandInstaller(update.command, update.timeoutS * 1000),
    // Loaded by need: most nodes never fetch anything.
    fetch: async (...wanted) => (await import("./fetch-package.ts")).fetchPackage(...wanted),
    version: AGENT_VERSION,
    trialMs: trialS * 1000,
  });
}
