import type { Broadcast } from "../broadcast.ts";
import type { GatewayServices } from "../services.ts";

/** What native nodes tell of themselves, to operators. */
export function announceNodes(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  const { events } = hub.nodes.offers;
  events.on("hostStats", (payload) => broadcast.send("node.hostStats", payload), owner);
  events.on("activity", (payload) => broadcast.send("node.presence", payload), owner);
  events.on("inventory", (payload) => broadcast.send("node.runnerInventory.changed", payload), owner);
}
