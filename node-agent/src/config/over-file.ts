import {
  checkWanted,
  completed,
  keysOf,
  matchesKey,
  mergeLayers,
  type NodeFileConfig,
  withoutKeys,
} from "@barnacle/protocol/node-config";
import type { JsonObject } from "@barnacle/protocol/schema";

export interface OverFile {
  readonly config: NodeFileConfig;
  /** Keys that the hub wants and the file keeps. */
  readonly kept: readonly string[];
}

/**
 * What the hub wants over what the file says. The hub wins, but for the keys that `fleet.deny` of the file keeps; commands
 * that the file denies stay denied whatever the hub says.
 * @throws CONFIG_INVALID with `details.problems`, each with its key
 */
export function overFile(file: NodeFileConfig, wanted: JsonObject): OverFile {
  checkWanted(wanted);
  const keeps = (key: string) => file.fleet.deny.some((rule) => matchesKey(rule, key));
  const config = completed(mergeLayers([file as JsonObject, withoutKeys(wanted, keeps)]));
  return {
    config: { ...config, deny: [...new Set([...file.deny, ...config.deny])] },
    kept: keysOf(wanted).filter(keeps),
  };
}
