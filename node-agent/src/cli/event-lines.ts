import type { JsonObject } from "@barnacle/protocol/schema";
import type { NodeEventMap, NodeEvents } from "../events.ts";

/** Prints every event as one JSON line, in the order of happening: `{event, at, …}`. */
export function printEvents(events: NodeEvents, write: (line: string) => void, now: () => number): void {
  const print = (event: keyof NodeEventMap, fields: object): void =>
    write(`${JSON.stringify({ event, at: Math.floor(now()), ...fields })}\n`);
  events.on("state", (fields) => print("state", fields));
  events.on("wake", (fields) => print("wake", fields));
  events.on("transcript", (fields) => print("transcript", fields));
  events.on("turn", (fields) => print("turn", fields));
  events.on("reply", (fields) => print("reply", fields));
  events.on("spoken", (fields) => print("spoken", fields));
  events.on("command", ({ request, result }) => {
    const { commandId, command, turnId, params } = request;
    const { ok, payload, error, duplicate, durationMs } = result;
    print("command", { commandId, command, params: brief(params), turnId, ok, payload, error, duplicate, durationMs });
  });
}

/** Sound is too long to look at. */
function brief(params: JsonObject): JsonObject {
  return typeof params.wav === "string" ? { ...params, wav: `${params.wav.length} characters` } : params;
}
