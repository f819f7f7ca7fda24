import type { ApplianceAction } from "@barnacle/protocol/schema";
import { sameRoom } from "../../household/index.ts";
import { refusal } from "../compose.ts";
import { onNamed, perform } from "./appliances.ts";
import { count, type IntentHandler, speak, word } from "./context.ts";

export const play: IntentHandler = (match, request, home) => {
  const genre = word(match.slots, "genre");
  const music = { ...match, slots: { ...match.slots, name: "music" } };
  return onNamed(music, request, home, ({ appliances, phrase }) => {
    const choice = genre === undefined ? "" : ` I cannot choose ${genre}.`;
    return perform(match, request, home, appliances, "start", () => `The music is playing.${choice}`, phrase);
  });
};

export const volume: IntentHandler = (match, request, home) => {
  const percent = count(match.slots, "percent");
  const action = (percent === undefined ? word(match.slots, "direction") : "set") as ApplianceAction;
  const able = home.household.appliances().filter((one) => one.kind === "media" && one.actions[action] !== undefined);
  const here = able.filter((one) => sameRoom(one.room, request.room));
  if (able.length === 0) {
    const text = "I cannot change the volume here.";
    return speak(match, text, refusal("COMMAND_UNKNOWN", text));
  }
  const text =
    percent === undefined ? `The volume is ${word(match.slots, "direction")}.` : `The volume is at ${percent} percent.`;
  return perform(match, request, home, here.length > 0 ? here : able, action, () => text, "the volume", percent);
};
