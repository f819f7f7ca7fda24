import { Type } from "@sinclair/typebox";
import type { Agent } from "../../agent/index.ts";
import { MAIN } from "../../sessions/index.ts";
import { type Access, type Method, type MethodContext, method, notHere } from "./method.ts";
import { AgentId, Key } from "./session-params.ts";

const CONFIGURED = "assistants are listed in the configuration under `agents`; change it with config.patch";
const NO_WORKSPACE = "assistants have no folder of files";

export const agentsMethods: readonly Method[] = [
  method({
    name: "agents.list",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({
      ...{ defaultId: hub.agents.default.id, ownership: "sole", selectionRequired: false },
      ...{ mainKey: MAIN, scope: "per-sender", agents: hub.agents.list().map((agent) => summary(agent, hub)) },
    }),
  }),
  method({
    name: "agent.identity.get",
    access: "read",
    params: Type.Object({ agentId: AgentId, sessionKey: Type.Optional(Key) }),
    run({ agentId, sessionKey }, { hub }) {
      const named = sessionKey === undefined ? undefined : hub.sessions.canonical(sessionKey, agentId).split(":")[1];
      const agent = hub.agents.get(agentId ?? named ?? hub.agents.default.id);
      return {
        ...{ agentId: agent.id, name: agent.name, nameSource: "config", avatar: avatarOf(agent) },
        ...{ avatarStatus: statusOf(agent), ...(agent.emoji === undefined ? {} : { emoji: agent.emoji }) },
      };
    },
  }),
  ...["agents.create", "agents.update", "agents.delete"].map((name) => notHere(name, "admin", CONFIGURED)),
  ...Object.entries({
    read: ["agents.files.list", "agents.files.get", "agents.workspace.list", "agents.workspace.get"],
    admin: ["agents.files.set"],
  }).flatMap(([access, names]) => names.map((name) => notHere(name, access as Access, NO_WORKSPACE))),
];

function summary(agent: Agent, { models }: MethodContext["hub"]) {
  const { id, name, emoji, theme } = agent;
  const model = models.choose(agent.model);
  const url = linkOf(agent);
  return {
    ...{ id, kind: "agent", name },
    identity: {
      ...{ name, avatar: avatarOf(agent) },
      ...(emoji === undefined ? {} : { emoji }),
      ...(theme === undefined ? {} : { theme }),
      ...(url === undefined ? {} : { avatarUrl: url }),
    },
    ...{ model: { primary: model.ref }, agentRuntime: { id: "barnacle", source: "implicit" } },
    ...(model.reasoning ? { thinkingDefault: "off" } : {}),
  };
}

/** A picture where there is one, else the emoji, else a letter. */
function avatarOf(agent: Agent): string {
  return linkOf(agent) ?? agent.emoji ?? (agent.name.charAt(0).toUpperCase() || "B");
}

/** A file is served under the agent's name; addresses are given as they are. */
export function linkOf({ id, avatar }: Agent): string | undefined {
  if (avatar === undefined) return undefined;
  return /^(https?:|data:image\/)/.test(avatar) ? avatar : `/avatar/${id}`;
}

function statusOf({ avatar }: Agent): "none" | "remote" | "data" | "local" {
  if (avatar === undefined) return "none";
  if (avatar.startsWith("data:")) return "data";
  return /^https?:/.test(avatar) ? "remote" : "local";
}
