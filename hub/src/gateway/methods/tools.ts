import { toBarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { Tool } from "../../agent/index.ts";
import { type Method, type MethodContext, method } from "./method.ts";
import { AgentId, Flag, Key, keyOf } from "./session-params.ts";

export const toolMethods: readonly Method[] = [
  method({
    name: "tools.catalog",
    access: "read",
    params: Type.Object({ agentId: AgentId, includePlugins: Flag }),
    run: ({ agentId, includePlugins = true }, { hub }) => {
      const { id } = hub.agents.get(agentId ?? hub.agents.default.id);
      const tools = hub.toolbox.list().filter(({ source }) => includePlugins || source.kind === "core");
      return { agentId: id, profiles: [{ id: "full", label: "Everything" }], groups: catalogGroups(tools) };
    },
  }),
  method({
    name: "tools.effective",
    access: "read",
    params: Type.Object({ agentId: AgentId, sessionKey: Key }),
    run({ agentId, sessionKey }, context) {
      const [, id = ""] = keyOf(sessionKey, agentId, context).split(":");
      const tools = context.hub.toolbox.list();
      const groups = (["core", "plugin"] as const).flatMap((kind) => {
        const inside = tools.filter(({ source }) => source.kind === kind);
        const label = kind === "core" ? "Home" : "Nodes";
        return inside.length === 0 ? [] : [{ id: kind, label, source: kind, tools: inside.map(effective) }];
      });
      return { agentId: id, profile: "full", groups };
    },
  }),
  method({
    name: "tools.invoke",
    access: "write",
    params: Type.Object({
      ...{ name: Key, args: Type.Optional(Type.Record(Type.String(), Type.Unknown())), agentId: AgentId },
      ...{ sessionKey: Type.Optional(Key), idempotencyKey: Type.Optional(Key) },
    }),
    run: (params, context) => invoke(params, context),
  }),
];

interface Invoke {
  readonly name: string;
  readonly args?: Record<string, unknown>;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly idempotencyKey?: string;
}

/** What goes wrong in a tool is its result; the call itself has worked. */
async function invoke(
  { name, args = {}, agentId, sessionKey = "main", idempotencyKey }: Invoke,
  context: MethodContext,
) {
  const { hub, caller } = context;
  const found = hub.toolbox.list().find((tool) => tool.name === name);
  if (!found) return failed(name, "NOT_FOUND", `no tool is called ${name}`);
  try {
    const output = await found.run(args as JsonObject, {
      principal: caller.principal,
      sessionKey: keyOf(sessionKey, agentId, context),
      key: `tool-${idempotencyKey ?? hub.random.uuid()}`,
    });
    return { ok: true, toolName: name, output, source: found.source.kind };
  } catch (error) {
    const { code, message } = toBarnacleError(error);
    return failed(name, code, message);
  }
}

function failed(toolName: string, code: string, message: string) {
  return { ok: false, toolName, error: { code, message } };
}

function catalogGroups(tools: readonly Tool[]) {
  const groups = new Map<string, { label: string; source: "core" | "plugin"; pluginId?: string; tools: unknown[] }>();
  for (const { name, label, description, risk, source } of tools) {
    const id = source.kind === "core" ? "home" : source.id;
    const plugin = source.kind === "plugin" ? { pluginId: source.id } : {};
    const group = groups.get(id) ?? { label: id === "home" ? "Home" : id, source: source.kind, ...plugin, tools: [] };
    groups.set(id, group);
    group.tools.push({ id: name, label, description, source: source.kind, ...plugin, risk, defaultProfiles: ["full"] });
  }
  return [...groups].map(([id, group]) => ({ id, ...group }));
}

function effective({ name, label, description, risk, source }: Tool) {
  return {
    ...{ id: name, label, description, rawDescription: description, source: source.kind, risk },
    ...(source.kind === "plugin" ? { pluginId: source.id } : {}),
  };
}
