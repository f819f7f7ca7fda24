import type { ActionBinding, ApplianceAction } from "@barnacle/protocol/schema";
import { sameRoom } from "../../household/index.ts";
import { speakable } from "../../intents/index.ts";
import type { HomeAppliance, RouteCandidate } from "../../services.ts";
import { unroutable } from "../execute.ts";
import type { PlannedStep, TurnRequest } from "../plan.ts";
import type { HomeContext } from "./context.ts";

/** Words that mean the same to a thing which knows only one of them. */
const ALTERNATIVES: Readonly<Partial<Record<ApplianceAction, readonly ApplianceAction[]>>> = {
  on: ["start"],
  off: ["stop"],
  start: ["on"],
  stop: ["off"],
};

/** The action that `appliance` offers for what was asked. */
export function offered(appliance: HomeAppliance, asked: ApplianceAction): ApplianceAction | undefined {
  return [asked, ...(ALTERNATIVES[asked] ?? [])].find((action) => appliance.actions[action] !== undefined);
}

/** One appliance's command. `level` goes where the binding wants it. */
export function applianceStep(
  appliance: HomeAppliance,
  binding: ActionBinding,
  request: TurnRequest,
  home: HomeContext,
  level?: number,
): PlannedStep {
  const params = {
    ...binding.params,
    ...(binding.levelParam === undefined || level === undefined ? {} : { [binding.levelParam]: level }),
  };
  const { command } = binding;
  const label = labelOf(appliance);
  const { deviceId = "", room } = appliance;
  const decision = request.route({
    capability: command,
    ...(room === undefined ? {} : { room }),
    ...(deviceId === "" ? {} : { deviceId }),
  });
  const chosen = deviceId === "" ? carrier(decision.ranked, room) : decision.chosen;
  if (chosen)
    return { deviceId: chosen.deviceId, command, params, why: chosen.why, label, nodeName: chosen.displayName };
  const device = home.devices.get(deviceId);
  const reason = decision.rejected.find((candidate) => candidate.deviceId === deviceId)?.reason;
  const nodeName = device?.displayName ?? room ?? "right";
  const refused = unroutable(device?.online ?? false, nodeName, reason).toShape();
  return { deviceId, command, params, why: reason ?? "no node carries it", label, nodeName, refused };
}

/** An appliance of the configuration names no node; it must be clear which one carries it, or the wrong thing switches. */
function carrier(ranked: readonly RouteCandidate[], room: string | undefined): RouteCandidate | undefined {
  const fitting = room === undefined ? ranked : ranked.filter((candidate) => sameRoom(candidate.room, room));
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** "the kitchen light"; "the garage door" in the garage. */
export function labelOf({ name, room }: HomeAppliance): string {
  const said = speakable(name);
  const where = room === undefined ? "" : speakable(room);
  return where === "" || said.startsWith(`${where} `) ? `the ${said}` : `the ${where} ${said}`;
}

/** Appliances in a room, in the rooms of an area, or in the whole house. */
export function within(
  home: HomeContext,
  room: string | undefined,
  area: string | undefined,
): readonly HomeAppliance[] {
  const rooms = room === undefined ? (area === undefined ? undefined : (home.household.area(area) ?? [])) : [room];
  const all = home.household.appliances();
  return rooms === undefined ? all : all.filter((appliance) => rooms.some((one) => sameRoom(one, appliance.room)));
}
