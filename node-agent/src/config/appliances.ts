import type { LineRef } from "@barnacle/hardware/gpio";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { LineAppliance, NodeFileConfig } from "@barnacle/protocol/node-config";
import type { ActionBinding, Appliance, ApplianceAction, ApplianceKind } from "@barnacle/protocol/schema";
import { findLine } from "./pins.ts";

/** Which words switch a line on and off, by kind. */
const SWITCH_WORDS: Partial<Record<ApplianceKind, readonly [on: ApplianceAction, off: ApplianceAction]>> = {
  cover: ["open", "close"],
  lock: ["lock", "unlock"],
  media: ["start", "stop"],
};

const DIMMABLE: ReadonlySet<ApplianceKind> = new Set(["light", "fan", "heating"]);

/**
 * Turns the configured appliances into those of the manifest: `line: 17` becomes `gpio.write` bindings by kind.
 * @throws CONFIG_INVALID naming an appliance without a pin or actions, one on an unknown pin, or an id used twice
 */
export function appliancesOf(config: NodeFileConfig): Appliance[] {
  const seen = new Set<string>();
  return config.appliances.map((given) => {
    if (seen.has(given.id)) throw invalid(given, "its id is used twice; ids must be unique on a node");
    seen.add(given.id);
    const { line, ...rest } = given;
    const room = given.room ?? config.room;
    const common = { ...rest, ...(room === undefined ? {} : { room }) };
    if (line === undefined) {
      if (given.actions === undefined) throw invalid(given, "either line or actions was expected");
      return { ...common, actions: given.actions };
    }
    const direction = findLine(config, line)?.direction;
    if (direction === undefined) throw invalid(given, `line ${line} is not among gpio.lines`);
    return { ...common, actions: { ...lineActions(given.kind, line, direction), ...given.actions } };
  });
}

function lineActions(
  kind: ApplianceKind,
  line: LineRef,
  direction: "in" | "out",
): Partial<Record<ApplianceAction, ActionBinding>> {
  const read: ActionBinding = { command: "gpio.read", params: { line } };
  if (direction === "in") return { read };
  const on: ActionBinding = { command: "gpio.write", params: { line, value: 1 } };
  const off: ActionBinding = { command: "gpio.write", params: { line, value: 0 } };
  const words = SWITCH_WORDS[kind];
  return {
    ...(words ? { [words[0]]: on, [words[1]]: off } : {}),
    ...(kind === "lock" || kind === "cover" ? {} : { on, off }),
    ...(DIMMABLE.has(kind) ? { set: { command: "gpio.pwm", params: { line }, levelParam: "percent" } } : {}),
    read,
  };
}

function invalid(appliance: LineAppliance, problem: string): BarnacleError {
  return new BarnacleError("CONFIG_INVALID", `appliances: ${appliance.id}: ${problem}`, {
    details: { appliance: appliance.id },
  });
}
