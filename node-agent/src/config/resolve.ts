import { hostname } from "node:os";
import { loadConfig } from "@barnacle/protocol/config";
import { NodeFileConfig, UplinkConfig } from "@barnacle/protocol/node-config";
import type { Appliance, JsonObject } from "@barnacle/protocol/schema";
import { Value } from "@sinclair/typebox/value";
import { appliancesOf } from "./appliances.ts";
import { overFile } from "./over-file.ts";
import { checkLines } from "./pins.ts";
import { readSetupFile, type SetupFile } from "./setup-file.ts";
import { chooseStateDir, usualConfigFile } from "./state-dir.ts";

/** What flags may override. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly hub?: string | undefined;
  /** What the node was prepared with; absent: `node.json` in the state directory. */
  readonly setup?: string | undefined;
  /** A gateway to join instead, and its token. */
  readonly uplink?: string | undefined;
  readonly token?: string | undefined;
  readonly name?: string | undefined;
  readonly room?: string | undefined;
}

/** The file's settings with flags, environment and defaults applied; `appliances` in the manifest's form. */
export interface NodeConfiguration extends Omit<NodeFileConfig, "appliances"> {
  readonly name: string;
  readonly stateDir: string;
  readonly appliances: readonly Appliance[];
  /** What the node was prepared with, if it was. */
  readonly setup: SetupFile | undefined;
  /** The file it came from, if any. */
  readonly file: string | undefined;
  /** Keys that the hub wants otherwise and the file keeps. */
  readonly kept: readonly string[];
}

/**
 * Flags win over what the hub wants, that over the file (but for what `fleet.deny` keeps), the file over what the node was prepared with, that over the defaults. Without `--config` it is the usual file, if there is one.
 * @throws FILE_UNREADABLE, CONFIG_INVALID
 */
export function resolveConfig(
  flags: ConfigFlags,
  env: Readonly<Record<string, string | undefined>>,
  wanted: JsonObject = {},
): NodeConfiguration {
  const stateDir = chooseStateDir(flags.stateDir, env);
  const file = flags.config ?? usualConfigFile(stateDir);
  const { config: given, kept } = overFile(loadConfig(NodeFileConfig, file), wanted);
  const setup = readSetupFile(stateDir, flags.setup);
  const hub = flags.hub ?? env.BARNACLE_URL ?? given.hub ?? setup?.hub;
  const room = flags.room ?? given.room ?? setup?.room;
  const uplink = uplinkOf(flags, given, env.BARNACLE_TOKEN);
  const merged: NodeFileConfig = {
    ...given,
    ...(hub === undefined ? {} : { hub }),
    ...(room === undefined ? {} : { room }),
    ...(uplink === undefined ? {} : { uplink }),
  };
  checkLines(merged.gpio.lines);
  return {
    ...merged,
    name: flags.name ?? given.name ?? setup?.name ?? hostname(),
    setup,
    stateDir,
    appliances: appliancesOf(merged),
    file,
    kept,
  };
}

/** Flags make an uplink, or change the file's. */
function uplinkOf(
  { uplink: url, token }: ConfigFlags,
  given: NodeFileConfig,
  secret: string | undefined,
): UplinkConfig | undefined {
  if (url === undefined && given.uplink === undefined) return undefined;
  const base = given.uplink ?? Value.Default(UplinkConfig, {});
  const known = token ?? (base as UplinkConfig).token ?? secret;
  return {
    ...(base as UplinkConfig),
    ...(url === undefined ? {} : { url }),
    ...(known === undefined ? {} : { token: known }),
  };
}
