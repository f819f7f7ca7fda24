import { isDeepStrictEqual } from "node:util";
import type { ApplianceAction, CapabilityManifest, JsonObject } from "@barnacle/protocol/schema";
import type { PolicyRequest } from "../services.ts";

/**
 * What a command would do to the things its node carries, read from the node's own bindings. It is worked out here, at
 * the one door, so that a rule about locks holds for a bare `gpio.write` as well.
 */
export function effectsOf(
  manifest: CapabilityManifest | undefined,
  command: string,
  params: JsonObject,
): NonNullable<PolicyRequest["appliances"]> {
  const effects: { kind: NonNullable<PolicyRequest["appliances"]>[number]["kind"]; action: ApplianceAction }[] = [];
  for (const appliance of manifest?.appliances ?? []) {
    for (const [action, binding] of Object.entries(appliance.actions)) {
      if (!binding || binding.command !== command) continue;
      const bound = Object.entries(binding.params ?? {});
      if (!bound.every(([name, value]) => isDeepStrictEqual(params[name], value))) continue;
      effects.push({ kind: appliance.kind, action: action as ApplianceAction });
    }
  }
  return effects;
}
