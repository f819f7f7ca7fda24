import { EVENTS_CHANNEL } from "../../inbox/index.ts";
import type { Broadcast } from "../broadcast.ts";
import type { GatewayServices } from "../services.ts";

/** What nodes tell of themselves and of what they noticed (`gpio.edge`), to operators. */
export function announceNodes(hub: GatewayServices, broadcast: Broadcast, owner: object): void {
  const { events } = hub.nodes.offers;
  events.on("hostStats", (payload) => broadcast.send("node.hostStats", payload), owner);
  events.on("activity", (payload) => broadcast.send("node.presence", payload), owner);
  hub.inbox.events.on(
    "recorded",
    ({ message: { id, channel, thread, account, sender, room, at, metadata } }) => {
      if (channel !== EVENTS_CHANNEL || thread === undefined) return;
      const place = room === undefined ? {} : { room };
      const who = { nodeId: account, displayName: sender, ...place };
      broadcast.send("barnacle.node.event", { ...who, event: thread, payload: metadata ?? {}, ts: at, messageId: id });
    },
    owner,
  );
  events.on("inventory", (payload) => broadcast.send("node.runnerInventory.changed", payload), owner);
}
