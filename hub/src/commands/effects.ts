import { isDeepStrictEqual } from "node:util";
import {
  type Appliance,
  type ApplianceAction,
  type JsonObject,
  type PinLine,
  pinKey,
  pinParams,
} from "@barnacle/protocol/schema";
import type { PolicyRequest } from "../services.ts";

/**
 * What a command would do to things in the home, read from how they are bound: those that the node declares, and those
 * of the configuration. It is worked out here, at the one door, so that a rule about locks holds for a bare
 * `gpio.write` as well, whether the line is asked for by number or by name, and for a pulse that unlocks for a moment.
 * @param lines of the node, by which names are seen through
 */
export function effectsOf(
  appliances: readonly Appliance[],
  command: string,
  params: JsonObject,
  lines: readonly PinLine[] = [],
): NonNullable<PolicyRequest["appliances"]> {
  const effects: { kind: NonNullable<PolicyRequest["appliances"]>[number]["kind"]; action: ApplianceAction }[] = [];
  const asked = acts(command, seenThrough(lines, command, params));
  for (const appliance of appliances) {
    for (const [action, binding] of Object.entries(appliance.actions)) {
      if (!binding) continue;
      const bound = Object.entries(seenThrough(lines, binding.command, binding.params ?? {}));
      const does = asked.some(
        (act) =>
          act.command === binding.command && bound.every(([name, value]) => isDeepStrictEqual(act.params[name], value)),
      );
      if (!does) continue;
      const effect = { kind: appliance.kind, action: action as ApplianceAction };
      if (!effects.some((known) => known.kind === effect.kind && known.action === effect.action)) effects.push(effect);
    }
  }
  return effects;
}

/** A pulse is both values of its line, one after the other; a pulsed line is so a hundred times a second. */
function acts(command: string, params: JsonObject): { readonly command: string; readonly params: JsonObject }[] {
  const itself = { command, params };
  const write = (value: 0 | 1) => ({ command: "gpio.write", params: { line: params.line, value } });
  if (command === "gpio.pulse") return [itself, write(0), write(1)];
  if (command !== "gpio.pwm") return [itself];
  return [itself, ...(params.percent === 100 ? [] : [write(0)]), ...(params.percent === 0 ? [] : [write(1)])];
}

function seenThrough(lines: readonly PinLine[], command: string, params: JsonObject): JsonObject {
  const ours = pinParams(command, params);
  if (!command.startsWith("gpio.") || !("line" in ours)) return ours;
  return { ...ours, line: pinKey(lines, ours.line) ?? ours.line };
}
