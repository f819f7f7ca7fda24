import { Type } from "@sinclair/typebox";
import type { Model } from "../../agent/index.ts";
import type { GatewayServices } from "../services.ts";
import { thinkingLevels } from "../session-views.ts";
import { type Method, method, notHere } from "./method.ts";

export const modelMethods: readonly Method[] = [
  method({
    name: "models.list",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ models: modelEntries(hub) }),
  }),
  method({
    name: "models.authStatus",
    access: "read",
    support: { partial: "no accounts to sign in to: keys come from the configuration" },
    params: Type.Unknown(),
    run: (_params, { hub }) => ({ ts: hub.clock.now(), providers: providers(hub) }),
  }),
  notHere("models.authLogout", "admin", "keys of models come from the configuration, so there is no account to leave"),
  notHere("models.probe", "admin", "a model is tried by asking it something; nothing else is sent to it"),
];

/** Every model of the configuration, and what answers without one. */
export function modelEntries({ models }: Pick<GatewayServices, "models">) {
  return models.list().map((model) => entry(model, model === models.default));
}

function entry({ id, name, provider, contextTokens, reasoning, images, tools }: Model, isDefault: boolean) {
  return {
    ...{ id, name, provider, available: true, reasoning, supportsTools: tools },
    ...(isDefault ? { tags: ["default"] } : {}),
    ...(contextTokens === undefined ? {} : { contextWindow: contextTokens }),
    ...(reasoning ? { thinkingLevels: thinkingLevels(), thinkingDefault: "off" } : {}),
    input: images ? ["text", "image"] : ["text"],
    agentRuntime: { id: "barnacle", source: "implicit" },
  };
}

/** Endpoints of the configuration, whether or not they ask for a key. */
function providers({ models }: Pick<GatewayServices, "models">) {
  const names = new Set(models.list().flatMap(({ provider, endpoint }) => (endpoint ? [provider] : [])));
  return [...names].map((provider) => ({
    ...{ provider, authProvider: provider, displayName: provider, status: "static", profiles: [] },
    apiKey: { source: "config" },
  }));
}
