import { isDeepStrictEqual } from "node:util";
import { type Appliance, type ApplianceAction, type JsonObject, pinParams } from "@barnacle/protocol/schema";
import type { PolicyRequest } from "../services.ts";

/**
 * What a command would do to things in the home, read from how they are bound: those that the node declares, and those
 * of the configuration. It is worked out here, at the one door, so that a rule about locks holds for a bare
 * `gpio.write` as well.
 */
export function effectsOf(
  appliances: readonly Appliance[],
  command: string,
  params: JsonObject,
): NonNullable<PolicyRequest["appliances"]> {
  const effects: { kind: NonNullable<PolicyRequest["appliances"]>[number]["kind"]; action: ApplianceAction }[] = [];
  const asked = pinParams(command, params);
  for (const appliance of appliances) {
    for (const [action, binding] of Object.entries(appliance.actions)) {
      if (!binding || binding.command !== command) continue;
      const bound = Object.entries(pinParams(command, binding.params ?? {}));
      if (!bound.every(([name, value]) => isDeepStrictEqual(asked[name], value))) continue;
      const effect = { kind: appliance.kind, action: action as ApplianceAction };
      if (!effects.some((known) => known.kind === effect.kind && known.action === effect.action)) effects.push(effect);
    }
  }
  return effects;
}
