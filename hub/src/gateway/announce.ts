import { announceAgent } from "./announce/agent.ts";
import { announceEveryday } from "./announce/everyday.ts";
import { announceNodes } from "./announce/nodes.ts";
import { announceRecords } from "./announce/records.ts";
import type { Broadcast } from "./broadcast.ts";
import type { Presence } from "./presence.ts";
import type { GatewayServices } from "./services.ts";
import { isNodeRequest, pendingDevice, pendingNode, setupCompletion } from "./views.ts";

/** Makes broadcasts of what happens in the hub. `owner` is the unit with whose stop they end. */
export function announce(options: {
  hub: GatewayServices;
  broadcast: Broadcast;
  presence: Presence;
  owner: object;
  /** Tells everyone who is there now. */
  presenceChanged: () => void;
}): void {
  const { hub, broadcast, presence, owner, presenceChanged } = options;
  /** Requests that are announced as those of nodes. */
  const nodeRequests = new Set<string>();
  hub.devices.events.on(
    "pairRequested",
    ({ request }) => {
      if (request.kind === "device") broadcast.send("device.pair.requested", pendingDevice(request));
      if (!isNodeRequest(request)) return;
      nodeRequests.add(request.requestId);
      broadcast.send("node.pair.requested", pendingNode(request));
    },
    owner,
  );
  hub.devices.events.on(
    "pairResolved",
    ({ requestId, kind, deviceId, decision, ts }) => {
      if (kind === "device") broadcast.send("device.pair.resolved", { requestId, deviceId, decision, ts });
      if (!nodeRequests.delete(requestId)) return;
      broadcast.send("node.pair.resolved", { requestId, nodeId: deviceId, decision, ts });
    },
    owner,
  );
  hub.devices.events.on(
    "setupCompleted",
    (completion) => broadcast.send("device.pair.setup.completed", setupCompletion(completion)),
    owner,
  );
  // A node that has gone has no transport any more; those of the gateway join and leave with their connection.
  const byMqtt = new Set<string>();
  hub.devices.events.on(
    "presence",
    ({ device, online }) => {
      if (online && device.transport !== "mqtt") return;
      const { deviceId, displayName, remoteIp, manifest } = device;
      if (online) {
        if (byMqtt.has(deviceId)) return;
        byMqtt.add(deviceId);
        presence.join(deviceId, {
          host: displayName,
          ip: remoteIp,
          version: manifest?.agentVersion,
          platform: manifest?.platform ?? device.platform,
          deviceFamily: manifest?.deviceFamily,
          modelIdentifier: manifest?.modelIdentifier,
          mode: "node",
          deviceId,
          roles: ["node"],
        });
        presenceChanged();
      } else if (byMqtt.delete(deviceId) && presence.leave(deviceId)) {
        presenceChanged();
      }
    },
    owner,
  );
  announceNodes(hub, broadcast, owner);
  announceEveryday(hub, broadcast, owner);
  announceAgent(hub, broadcast, owner);
  announceRecords(hub, broadcast, owner);
  hub.voice.events.on("updated", ({ turn }) => broadcast.send("barnacle.turn", { turn }), owner);
}
