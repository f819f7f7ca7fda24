import { MAIN } from "../sessions/index.ts";
import type { GatewayServices } from "./services.ts";
import { sessionRow } from "./session-views.ts";
import { channelSummary, isNode } from "./views.ts";

/** Where sessions are: not a file that a client could open. */
const PATH = "(database)";

/** The members that clients of the Moltbot protocol read, empty where Barnacle has nothing, and our own under `barnacle`. */
export function healthObject(hub: GatewayServices) {
  const started = hub.clock.monotonic();
  const devices = hub.devices.list();
  const nodes = devices.filter(isNode);
  const heartbeat = hub.heartbeats.settings();
  const channels = hub.channels.list();
  return {
    ok: true,
    ts: hub.clock.now(),
    durationMs: Math.round(hub.clock.monotonic() - started),
    channels: Object.fromEntries(channels.map((channel) => [channel.id, channelSummary(channel)])),
    channelOrder: channels.map(({ id }) => id),
    channelLabels: Object.fromEntries(channels.map(({ id, label }) => [id, label])),
    heartbeatSeconds: Math.round((heartbeat.everyMs ?? 0) / 1000),
    defaultAgentId: hub.agents.default.id,
    agents: hub.agents.list().map(({ id, name, isDefault }) => ({
      ...{ agentId: id, name, isDefault, heartbeat: isDefault ? heartbeat : { ...heartbeat, enabled: false } },
      sessions: agentSessions(hub, id),
    })),
    sessions: agentSessions(hub),
    barnacle: {
      version: hub.version,
      site: hub.site,
      nodes: { paired: nodes.length, online: nodes.filter((node) => node.online).length },
      emergencyStop: stopView(hub),
    },
  };
}

export async function statusObject(hub: GatewayServices, uptimeMs: number, connections: number) {
  const devices = hub.devices.list();
  const nodes = devices.filter(isNode);
  const { total, unread } = await hub.inbox.counts();
  const online = nodes.filter((node) => node.online).length;
  const beat = hub.heartbeats.settings();
  const defaultAgentId = hub.agents.default.id;
  return {
    heartbeat: {
      defaultAgentId,
      agents: [{ agentId: defaultAgentId, enabled: beat.enabled, every: beat.every, everyMs: beat.everyMs }],
    },
    channelSummary: [`Voice: ${online} of ${nodes.length} nodes online`],
    queuedSystemEvents: [...hub.sessions.systemEvents(MAIN)],
    sessions: {
      paths: [PATH],
      ...statusSessions(hub),
      defaults: { model: hub.models.default.ref, contextTokens: hub.models.default.contextTokens ?? null },
      byAgent: hub.agents.list().map(({ id }) => ({ agentId: id, path: PATH, ...statusSessions(hub, id) })),
    },
    barnacle: {
      version: hub.version,
      site: hub.site,
      hubName: hub.hubName,
      uptimeMs,
      connections,
      devices: { paired: devices.length, online: devices.filter((device) => device.online).length },
      nodes: { paired: nodes.length, online },
      emergencyStop: stopView(hub),
      pendingPairings: hub.devices.pending().length,
      inbox: { total, unread },
      wakeWords: [...hub.wakeWords.get()],
      counters: hub.counters.snapshot(),
    },
  };
}

/** Null: nothing is stopped. */
function stopView({ estop }: GatewayServices) {
  const { stopped, ...state } = estop.state();
  return stopped ? state : null;
}

function agentSessions(hub: GatewayServices, agentId?: string) {
  const { sessions, total } = hub.sessions.recent(agentId);
  const now = hub.clock.now();
  const recent = sessions.map(({ key, updatedAt }) => ({ key, updatedAt, age: Math.max(0, now - updatedAt) }));
  return { path: PATH, count: total, recent };
}

/** Source: gateway protocol 3, "status object": rows with their age and what is left of the context. */
function statusSessions(hub: GatewayServices, agentId?: string) {
  const { sessions, total } = hub.sessions.recent(agentId);
  const now = hub.clock.now();
  const recent = sessions.map((session) => {
    const row = sessionRow(hub, session);
    const context = typeof row.contextTokens === "number" ? row.contextTokens : null;
    const left = context === null ? null : Math.max(0, context - session.totalTokens);
    const percentUsed = context === null ? null : Math.min(999, Math.round((session.totalTokens / context) * 100));
    const age = Math.max(0, now - session.updatedAt);
    return { ...row, age, contextTokens: context, remainingTokens: left, percentUsed, flags: [] };
  });
  return { count: total, recent };
}
