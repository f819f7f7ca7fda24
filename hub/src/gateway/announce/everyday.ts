import type { Broadcast } from "../broadcast.ts";
import type { GatewayServices } from "../services.ts";

/** Jobs, heartbeats and wake words. */
export function announceEveryday(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  const { cron, heartbeats, wakeWords, wakeRouting } = hub;
  cron.events.on("changed", (change) => broadcast.send("cron", change), owner);
  heartbeats.events.on("beat", (beat) => broadcast.send("heartbeat", beat), owner);
  wakeWords.events.on("changed", ({ words }) => broadcast.send("voicewake.changed", { triggers: words }), owner);
  wakeRouting.events.on("changed", (change) => broadcast.send("voicewake.routing.changed", change), owner);
}

/** The way back. */
export function endEveryday({ cron, heartbeats, wakeWords, wakeRouting }: GatewayServices, owner: object): void {
  for (const { events } of [cron, heartbeats, wakeWords, wakeRouting]) events.dropOwner(owner);
}
