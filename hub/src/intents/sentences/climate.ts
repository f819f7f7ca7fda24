import type { IntentFamily } from "./family.ts";

export const climate: IntentFamily = {
  rules: { place: "({outside:place}|{inside:place}|in the {room})" },
  intents: [
    {
      intent: "climate.change",
      say: ["turn the {heating:name} {up_down:direction} [by {change:degrees}]"],
      type: [
        "turn {up_down:direction} the {heating:name} [by {change:degrees}]",
        "turn the {room} {heating:name} {up_down:direction} [by {change:degrees}]",
      ],
    },
    {
      intent: "climate.set",
      say: ["set the {heating:name} to {temperature}"],
      type: ["set the {room} {heating:name} to {temperature}", "set the temperature to {temperature} [in the {room}]"],
    },
    {
      intent: "climate.read",
      say: ["what is the temperature [<place>]"],
      type: ["how (warm|cold|hot) is it [<place>]", "[what is] the {room} temperature", "temperature [<place>]"],
    },
  ],
};
