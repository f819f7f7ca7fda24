import type { GatewayServices } from "./services.ts";
import { isNode } from "./views.ts";

const NO_SESSIONS = { path: "", count: 0, recent: [] };

/** The members that clients of the Moltbot protocol read, empty where Barnacle has nothing, and our own under `barnacle`. */
export function healthObject(hub: GatewayServices) {
  const started = hub.clock.monotonic();
  const devices = hub.devices.list();
  const nodes = devices.filter(isNode);
  return {
    ok: true,
    ts: hub.clock.now(),
    durationMs: Math.round(hub.clock.monotonic() - started),
    channels: {},
    channelOrder: [],
    channelLabels: {},
    heartbeatSeconds: 0,
    defaultAgentId: "main",
    agents: [
      {
        agentId: "main",
        name: hub.hubName,
        isDefault: true,
        heartbeat: { enabled: false, every: "0m", everyMs: null, prompt: "", target: "none", ackMaxChars: 0 },
        sessions: NO_SESSIONS,
      },
    ],
    sessions: NO_SESSIONS,
    barnacle: {
      version: hub.version,
      site: hub.site,
      nodes: { paired: nodes.length, online: nodes.filter((node) => node.online).length },
    },
  };
}

export async function statusObject(hub: GatewayServices, uptimeMs: number, connections: number) {
  const devices = hub.devices.list();
  const nodes = devices.filter(isNode);
  const { total, unread } = await hub.inbox.counts();
  const online = nodes.filter((node) => node.online).length;
  return {
    heartbeat: { defaultAgentId: "main", agents: [{ agentId: "main", enabled: false, every: "0m", everyMs: null }] },
    channelSummary: [`Voice: ${online} of ${nodes.length} nodes online`],
    queuedSystemEvents: [],
    sessions: { paths: [], count: 0, defaults: { model: null, contextTokens: null }, recent: [], byAgent: [] },
    barnacle: {
      version: hub.version,
      site: hub.site,
      hubName: hub.hubName,
      uptimeMs,
      connections,
      devices: { paired: devices.length, online: devices.filter((device) => device.online).length },
      nodes: { paired: nodes.length, online },
      pendingPairings: hub.devices.pending().length,
      inbox: { total, unread },
      wakeWords: [...hub.wakeWords.get()],
      counters: hub.counters.snapshot(),
    },
  };
}
