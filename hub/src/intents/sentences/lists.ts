import type { IntentFamily } from "./family.ts";

/** Tasks, reminders and the shopping list. */
export const lists: IntentFamily = {
  rules: {},
  intents: [
    {
      intent: "shopping.add",
      say: ["add {item} to the shopping list"],
      type: [
        "(put|write|get) [some] {item} on the shopping list",
        "add [some] {item} to the (shopping|grocery) list",
        "buy {item}",
      ],
    },
    {
      intent: "shopping.read",
      say: ["what is on the shopping list"],
      type: ["[(read|show|what is)] [me] [on] the shopping list", "what do we need to buy"],
    },
    {
      intent: "task.add",
      say: ["add a task {task}"],
      type: [
        "(add|create|make|new) [new] task [to] {task}",
        "(add|put) {task} (to|on) [the] (task|to do) list",
        "new task {task}",
      ],
    },
    {
      intent: "task.remind",
      say: ["remind me to {task} [{day}]"],
      type: ["remind me [{day}] to {task}", "remind us to {task} [{day}]", "(do not|never) let me forget to {task}"],
    },
    {
      intent: "task.read",
      say: ["what are my tasks"],
      type: ["what is on my (task|to do) list", "(list|read|show) my (tasks|reminders)", "what do i have to do"],
    },
  ],
};
