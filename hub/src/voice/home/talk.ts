import { sameRoom } from "../../household/index.ts";
import type { IntentMatch } from "../../intents/index.ts";
import type { RouteCandidate } from "../../services.ts";
import { refusal } from "../compose.ts";
import type { Plan, PlannedStep } from "../plan.ts";
import { type IntentHandler, speak, word } from "./context.ts";

/** Spoken by every node that can; where it was asked for aloud, the reply is the announcement. */
export const announce: IntentHandler = (match, request) => {
  const text = word(match.slots, "text") ?? "";
  const room = word(match.slots, "room");
  const { ranked } = request.route({ capability: "talk.speak", ...(room === undefined ? {} : { room }) });
  const there = ranked
    .filter((candidate) => room === undefined || sameRoom(candidate.room, room))
    .filter((candidate) => request.source === "text" || candidate.deviceId !== request.deviceId);
  const steps = there.map((candidate) => speech(candidate, text));
  const hereToo = request.source === "voice" && (room === undefined || sameRoom(room, request.room));
  if (steps.length === 0 && !hereToo) return noVoice(match, room);
  return {
    intent: match.intent,
    slots: match.slots,
    steps,
    reply: { kind: "done", text: hereToo ? text : "Announced." },
  };
};

/** Here when said aloud here, else by the best node of the room; without any room by the best of all. */
export const say: IntentHandler = (match, request) => {
  const text = word(match.slots, "text") ?? "";
  const named = word(match.slots, "room");
  if (request.source === "voice" && (named === undefined || sameRoom(named, request.room))) return speak(match, text);
  const room = named ?? request.room;
  const { ranked } = request.route({ capability: "talk.speak", ...(room === undefined ? {} : { room }) });
  const best = ranked.find((candidate) => room === undefined || sameRoom(candidate.room, room));
  if (!best) return noVoice(match, room);
  return { intent: match.intent, slots: match.slots, steps: [speech(best, text)], reply: { kind: "done", text } };
};

function speech({ deviceId, displayName, why }: RouteCandidate, text: string): PlannedStep {
  return {
    deviceId,
    command: "talk.speak",
    params: { text },
    why,
    label: "the loudspeaker",
    nodeName: displayName,
    background: true,
  };
}

function noVoice(match: IntentMatch, room: string | undefined): Plan {
  const text = `There is no node ${room === undefined ? "" : `in the ${room} `}that can speak now.`;
  return speak(match, text, refusal("NOT_FOUND", text));
}
