import { oneOf } from "../../household/index.ts";
import { durationAdjective, durationWords, type Timer } from "../../timers/index.ts";
import { capitalise, refusal } from "../compose.ts";
import { count, type IntentHandler, speak, word } from "./context.ts";

const LONGEST_MS = 100 * 3_600_000;

export const start: IntentHandler = async (match, request, home) => {
  const durationMs = duration(match.slots);
  if (durationMs === undefined || durationMs > LONGEST_MS) {
    const text = "For how long? Say, for example: set a timer for ten minutes.";
    return speak(match, text, refusal("INPUT_INVALID", "a timer needs a length of at most 100 hours"));
  }
  const { turnId, deviceId, room } = request;
  await home.timers.set({
    turnId,
    durationMs,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(room === undefined ? {} : { room }),
  });
  return speak(match, `Your ${durationAdjective(durationMs)} timer has started.`);
};

/** The one of that length, else the one set here, else the only one; all of them when asked for. */
export const cancel: IntentHandler = async (match, request, home) => {
  const running = home.timers.running();
  const durationMs = duration(match.slots);
  const all = word(match.slots, "which") === "all";
  const fitting = durationMs === undefined ? running : running.filter((timer) => timer.durationMs === durationMs);
  const here = fitting.filter((timer) => isHere(timer, request.deviceId, request.room));
  const chosen = all || here.length === 0 ? fitting : here;
  const lengths = [...new Set(chosen.map((timer) => durationAdjective(timer.durationMs)))];
  if (!all && lengths.length > 1) {
    const names = oneOf(lengths);
    return speak(match, `Which timer: ${names}?`, refusal("INPUT_INVALID", "several timers are running"));
  }
  // Of several equal ones the soonest.
  const ids = new Set((all ? chosen : chosen.slice(0, 1)).map((timer) => timer.id));
  // Asked even when none is left: a resumed turn may have cancelled them before.
  const cancelled = await home.timers.cancel(request.turnId, (timer) => ids.has(timer.id));
  if (cancelled.length === 0) return speak(match, none(durationMs));
  if (cancelled.length > 1) return speak(match, `${cancelled.length} timers are cancelled.`);
  return speak(match, `The ${durationAdjective(cancelled[0]?.durationMs ?? 0)} timer is cancelled.`);
};

export const left: IntentHandler = (match, _request, home) => {
  const now = home.clock.now();
  const durationMs = duration(match.slots);
  const running = home.timers.running().filter((timer) => durationMs === undefined || timer.durationMs === durationMs);
  if (running.length === 0) return speak(match, none(durationMs));
  const sentences = running
    .slice(0, 3)
    .map((timer) => `${durationWords(timer.dueAt - now)} left on the ${durationAdjective(timer.durationMs)} timer`);
  return speak(match, `${capitalise(sentences.join("; "))}.`);
};

export const cancelAlarm: IntentHandler = (match) => speak(match, "There is no alarm set.");

function none(durationMs: number | undefined): string {
  return durationMs === undefined
    ? "There is no timer running."
    : `There is no ${durationAdjective(durationMs)} timer running.`;
}

function isHere(timer: Timer, deviceId: string | undefined, room: string | undefined): boolean {
  return (deviceId !== undefined && timer.deviceId === deviceId) || (room !== undefined && timer.room === room);
}

function duration(slots: Parameters<typeof count>[0]): number | undefined {
  const parts = [count(slots, "hours"), count(slots, "minutes"), count(slots, "seconds")] as const;
  if (parts.every((part) => part === undefined)) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = parts;
  return (hours * 3600 + minutes * 60 + seconds) * 1000;
}
