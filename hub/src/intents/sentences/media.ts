import type { IntentFamily } from "./family.ts";

export const media: IntentFamily = {
  rules: {},
  intents: [
    {
      intent: "media.play",
      say: ["play [some] [{genre}] music [in the {room}]"],
      type: ["play [some] {genre} [in the {room}]", "put on [some] [{genre}] music [in the {room}]"],
    },
    {
      intent: "media.volume",
      say: ["volume {up_down:direction}", "turn the volume {up_down:direction}"],
      type: ["turn {up_down:direction} the volume"],
    },
    { intent: "media.volume", say: [], type: ["[make it] louder", "turn it up"], slots: { direction: "up" } },
    { intent: "media.volume", say: [], type: ["[make it] quieter", "turn it down"], slots: { direction: "down" } },
    {
      intent: "media.volume",
      say: ["set the volume to {percent} percent"],
      type: ["[set] [the] volume [to] {percent} [percent]"],
    },
  ],
};
