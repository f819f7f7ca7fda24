import type { IntentFamily } from "./family.ts";

/** Time and date, calendar and messages. */
export const day: IntentFamily = {
  rules: {},
  intents: [
    {
      intent: "clock.time",
      say: ["what time is it", "what is the time"],
      type: ["tell me the time", "tell me what time it is", "do you know what time it is", "time"],
    },
    {
      intent: "clock.date",
      say: ["what is the date [today]", "what day is it [today]"],
      type: [
        "what is (todays|today is) date",
        "what date is it [today]",
        "tell me the date",
        "what day of the week is it",
        "date",
      ],
    },
    {
      intent: "calendar.read",
      say: ["what is on my calendar [{day}]"],
      type: ["[what are] my appointments [{day}]", "what do i have [on] {day}", "read my calendar [for {day}]"],
    },
    {
      intent: "message.read",
      say: ["read my [new] messages"],
      type: ["do i have [any] [new] messages", "(check|are there any|any) [new] messages"],
    },
    {
      intent: "message.send",
      say: ["send a message to the {room}"],
      type: ["send a message to {anything:person}", "(text|message) {anything:person}"],
    },
  ],
};
