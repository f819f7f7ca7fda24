import type { IntentFamily } from "./family.ts";

/** The house as a whole: announcements, status, help, and leaving off. */
export const house: IntentFamily = {
  rules: {},
  intents: [
    {
      intent: "announce",
      say: ["(announce|broadcast) that {announcement:text}"],
      type: [
        "(announce|broadcast) {announcement:text} [in the {room}]",
        "tell (everyone|everybody|the family) [that] {announcement:text}",
        "make an announcement [that] {announcement:text}",
      ],
    },
    {
      intent: "say",
      say: ["say {announcement:text}"],
      type: ["(say|speak) {announcement:text} [in the {room}]", "repeat after me {announcement:text}"],
    },
    {
      intent: "estop",
      say: ["emergency stop"],
      type: ["stop everything [now]", "(pull|hit|press) the emergency stop", "halt all agents"],
    },
    {
      intent: "status",
      say: ["how are you", "system status", "what is the status"],
      type: [
        "status [report]",
        "how are you doing [today]",
        "is everything (ok|okay|all right|alright|fine)",
        "what is the system status",
        "are you there",
      ],
    },
    {
      intent: "help",
      say: ["help", "what can you do", "what can i say"],
      type: ["help me", "what do you (understand|know|do)", "what else can (you do|i say)"],
    },
    {
      intent: "cancel",
      say: ["stop", "cancel", "never mind"],
      type: ["forget (it|that)", "nothing", "stop it", "cancel that", "be quiet", "shut up", "quiet", "no"],
    },
  ],
};
