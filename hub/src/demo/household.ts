import type { Appliance, ApplianceKind } from "@barnacle/protocol/schema";
import type { HubConfig } from "../config/schema.ts";

/** A relay of the simulated kitchen board. */
export interface DemoRelay {
  readonly id: string;
  readonly name: string;
  readonly kind: ApplianceKind;
  readonly room: string;
  /** Offset on the GPIO chip. */
  readonly line: number;
  /** What it does besides the actions that follow from its kind. */
  readonly actions?: Appliance["actions"];
}

function relay(line: number, room: string, name: string, kind: ApplianceKind): DemoRelay {
  return { id: `${room} ${name}`.replaceAll(" ", "-"), name, kind, room, line };
}

/** The simulated board switches the whole house, so that one node is enough to try every sentence. */
export const demoRelays: readonly DemoRelay[] = [
  relay(2, "kitchen", "light", "light"),
  relay(3, "kitchen", "fan", "fan"),
  relay(4, "kitchen", "coffee maker", "switch"),
  // The relay is in the loudspeaker's lead: opening it is a pause as well as a stop.
  {
    ...relay(5, "kitchen", "music", "media"),
    actions: { pause: { command: "gpio.write", params: { line: 5, value: 0 } } },
  },
  relay(6, "kitchen", "back door", "lock"),
  relay(7, "living room", "light", "light"),
  relay(8, "living room", "lamp", "light"),
  relay(9, "living room", "television", "media"),
  relay(10, "living room", "vacuum cleaner", "switch"),
  relay(11, "living room", "blinds", "cover"),
  relay(12, "bedroom", "light", "light"),
  relay(13, "bedroom", "lamp", "light"),
  relay(14, "bedroom", "fan", "fan"),
  relay(15, "bedroom", "blinds", "cover"),
  relay(16, "office", "light", "light"),
  relay(17, "office", "fan", "fan"),
  relay(18, "office", "blinds", "cover"),
  relay(19, "hallway", "light", "light"),
  relay(20, "hallway", "heating", "heating"),
  relay(21, "hallway", "front door", "lock"),
  relay(22, "bathroom", "light", "light"),
  relay(23, "garage", "light", "light"),
  relay(24, "garage", "garage door", "cover"),
  relay(25, "garden", "garden sprinklers", "switch"),
  relay(26, "kids room", "light", "light"),
  relay(27, "hallway", "good night", "scene"),
];

/** The same with every action spelt out, as a node declares them in its manifest when it is given these relays. */
export const demoAppliances: readonly (Appliance & { readonly line: number })[] = demoRelays.map((one) => ({
  ...one,
  actions: { ...actionsOf(one), ...one.actions },
}));

/** The rest of the house; the appliances come from the node. */
export const demoHousehold: HubConfig["household"] = {
  rooms: ["kitchen", "living room", "bedroom", "office", "hallway", "bathroom", "garage", "kids room", "garden"],
  areas: {
    downstairs: ["kitchen", "living room", "hallway", "garage"],
    upstairs: ["bedroom", "office", "bathroom", "kids room"],
  },
  appliances: [],
  tasks: ["take out the trash", "fix the gate", "water the plants", "feed the cat"],
  shopping: ["milk", "bread", "butter", "eggs", "coffee", "apples"],
  announcements: ["dinner is ready", "breakfast is ready", "it is time for bed", "we are leaving"],
  pronunciations: {},
};

function actionsOf({ kind, line }: DemoRelay): Appliance["actions"] {
  const write = (value: 0 | 1) => ({ command: "gpio.write", params: { line, value } });
  const read = { command: "gpio.read", params: { line } };
  switch (kind) {
    case "light":
    case "fan":
    case "heating":
      return {
        on: write(1),
        off: write(0),
        set: { command: "gpio.pwm", params: { line }, levelParam: "percent" },
        read,
      };
    case "cover":
      return { open: write(1), close: write(0), read };
    case "lock":
      return { lock: write(1), unlock: write(0), read };
    case "media":
      return { on: write(1), off: write(0), start: write(1), stop: write(0), read };
    default:
      return { on: write(1), off: write(0), read };
  }
}
