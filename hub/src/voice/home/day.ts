import { type HomeContext, type IntentHandler, speak } from "./context.ts";

export const time: IntentHandler = (match, _request, home) =>
  speak(match, `It is ${format(home, { hour: "numeric", minute: "2-digit" })}.`);

export const date: IntentHandler = (match, _request, home) =>
  speak(match, `It is ${format(home, { weekday: "long", month: "long", day: "numeric", year: "numeric" })}.`);

export const calendar: IntentHandler = (match) => speak(match, "No calendar is connected, so I cannot tell.");

export const readMessages: IntentHandler = (match) =>
  speak(match, "No message service is connected, so I have none to read.");

export const sendMessage: IntentHandler = (match) =>
  speak(match, "No message service is connected. To speak in every room, say: announce that, and then your words.");

function format(home: HomeContext, parts: Intl.DateTimeFormatOptions): string {
  const zone = home.timeZone === undefined ? {} : { timeZone: home.timeZone };
  // The formatter puts a narrow no-break space before AM and PM, which some voices read out.
  return new Intl.DateTimeFormat("en-US", { ...parts, ...zone }).format(home.clock.now()).replace(/\s/g, " ");
}
