import type { IntentFamily } from "./family.ts";

export const timers: IntentFamily = {
  rules: {
    duration: "({hours} [and {minutes}]|{minutes} [and {seconds}]|{seconds})",
    size: "({hour_count:hours}|{minute_count:minutes}|{second_count:seconds})",
  },
  intents: [
    {
      intent: "timer.start",
      say: ["(set|start) a timer for ({hours}|{minutes}|{seconds})", "set a <size> timer"],
      type: [
        "(set|start|make) a timer for <duration>",
        "(start|make) a <size> timer",
        "[set] a timer [for] [<duration>]",
        "<duration> timer",
        "<size> timer",
        "wake me [up] in <duration>",
      ],
    },
    {
      intent: "timer.cancel",
      say: ["(cancel|stop) the timer"],
      type: ["(cancel|stop|clear|delete|end|remove) [the] [<size>] timer"],
    },
    {
      intent: "timer.cancel",
      say: ["cancel all timers"],
      type: ["(stop|clear|delete|remove|cancel) all [the] timers"],
      slots: { which: "all" },
    },
    {
      intent: "timer.left",
      say: ["how long is left on the timer", "how much time is left"],
      type: [
        "how (long|much time) [is] left [on the [<size>] timer]",
        "how (long|much time) is left on the timer",
        "how much time is on the timer",
        "what timers are (set|running)",
      ],
    },
    {
      intent: "alarm.cancel",
      say: ["cancel the alarm", "stop the alarm"],
      type: ["(turn off|clear|delete) the alarm"],
    },
  ],
};
