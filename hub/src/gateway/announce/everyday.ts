import type { Broadcast } from "../broadcast.ts";
import type { GatewayServices } from "../services.ts";

/** An import changes thousands; who misses some reads again. */
const MOST_EVENTS = 200;

/** Jobs, heartbeats, wake words and work. */
export function announceEveryday(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  const { beads, town, cron, fleetJobs, heartbeats, wakeWords, wakeRouting } = hub;
  town.events.on("changed", ({ noun, ...change }) => broadcast.send(`${noun}.changed`, change), owner);
  cron.events.on("changed", (change) => broadcast.send("cron", change), owner);
  fleetJobs.events.on("changed", (change) => broadcast.send("barnacle.job", change), owner);
  heartbeats.events.on("beat", (beat) => broadcast.send("heartbeat", beat), owner);
  wakeWords.events.on("changed", ({ words }) => broadcast.send("voicewake.changed", { triggers: words }), owner);
  wakeRouting.events.on("changed", (change) => broadcast.send("voicewake.routing.changed", change), owner);
  beads.events.on(
    "changed",
    ({ events }) => {
      const shown = events.slice(-MOST_EVENTS).map(({ seq, id, at, who, kind }) => ({ seq, id, at, who, kind }));
      broadcast.send("beads.changed", { events: shown, omitted: events.length - shown.length });
    },
    owner,
  );
}

/** The way back. */
export function endEveryday(
  { beads, town, cron, fleetJobs, heartbeats, wakeWords, wakeRouting }: GatewayServices,
  owner: object,
): void {
  beads.events.dropOwner(owner);
  town.events.dropOwner(owner);
  for (const { events } of [cron, fleetJobs, heartbeats, wakeWords, wakeRouting]) events.dropOwner(owner);
}
