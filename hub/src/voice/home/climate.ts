import { sameRoom } from "../../household/index.ts";
import { type IntentMatch, speakable } from "../../intents/index.ts";
import { capitalise, refusal } from "../compose.ts";
import type { Plan } from "../plan.ts";
import { onNamed, perform } from "./appliances.ts";
import { count, type IntentHandler, speak, word } from "./context.ts";
import { applianceStep } from "./steps.ts";

export const change: IntentHandler = (match, request, home) =>
  onNamed(match, request, home, ({ appliances, phrase }) => {
    const direction = word(match.slots, "direction") === "down" ? "down" : "up";
    if (!appliances.some((appliance) => appliance.actions[direction])) return withoutThermostat(match, phrase);
    const degrees = count(match.slots, "degrees") ?? 1;
    const by = `${degrees} degree${degrees === 1 ? "" : "s"}`;
    return perform(
      match,
      request,
      home,
      appliances,
      direction,
      () => `${capitalise(phrase)} is ${direction} by ${by}.`,
      phrase,
      degrees,
    );
  });

/** Levels in the appliance contract are percent, so there is no way yet to tell a thermostat a temperature. */
export const set: IntentHandler = (match, request, home) => {
  const heating = { ...match, slots: { name: "heating", ...match.slots } };
  return onNamed(heating, request, home, ({ phrase }) => withoutThermostat(match, phrase));
};

/** Thermometers are appliances of kind `sensor` whose reading has a number under `celsius` or `value`. */
export const read: IntentHandler = (match, request, home) => {
  const place = word(match.slots, "room") ?? word(match.slots, "place") ?? request.room;
  const sensors = home.household
    .appliances()
    .filter((one) => one.kind === "sensor" && speakable(one.name).includes("temperature"));
  const here = place === undefined || place === "inside" ? sensors : sensors.filter((one) => sameRoom(one.room, place));
  const sensor = here[0];
  const binding = sensor?.actions.read;
  if (!sensor || !binding) {
    const text = `I have no thermometer ${place === undefined || place === "inside" || place === "outside" ? (place ?? "here") : `in the ${place}`}.`;
    return speak(match, text, refusal("APPLIANCE_UNKNOWN", text));
  }
  const step = applianceStep(sensor, binding, request, home);
  return { intent: match.intent, slots: match.slots, steps: [step], reply: { kind: "reading", unit: "degrees" } };
};

function withoutThermostat(match: IntentMatch, phrase: string): Plan {
  const text = `${capitalise(phrase)} has no thermostat that I can set; I can turn it on or off.`;
  return speak(match, text, refusal("COMMAND_UNKNOWN", text));
}
