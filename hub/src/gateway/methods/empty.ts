import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { isNode, nodeObject } from "../views.ts";
import { type Method, type MethodContext, method } from "./method.ts";

const Anything = Type.Unknown();
const Key = Type.Object({ sessionKey: Type.String({ minLength: 1, maxLength: 512 }) });
const NOTHING = { partial: "always empty: there is nothing of the kind here" } as const;

/** How the protocol says that there is no account at a code host. */
const NO_ACCOUNT = {
  ...{ source: "system-detected", credentialKind: "native", credentialState: "unavailable", account: null },
  ...{ gitAuthor: { name: null, email: null }, evidence: "none", accessExpiresAtMs: null },
  ...{ refreshState: "not_applicable", oauthScopes: [], repositoryGrants: "unknown" },
} as const;
const NO_LINK = {
  ...{ state: "disconnected", generation: null, account: null, accessExpiresAtMs: null },
  ...{ refreshState: "not_applicable", pending: null },
} as const;

/** Reads that clients make when they show a page, of things that a home hub never has any of. Source: gateway protocol 4, "methods, views and priority". */
export const emptyMethods: readonly Method[] = [
  nothing("plugin.approval.list", "approvals", () => []),
  nothing("openclaw.approval.list", "approvals", () => []),
  nothing("plugins.list", "read", () => ({ plugins: [], diagnostics: [], mutationAllowed: false })),
  nothing("plugins.search", "read", () => ({ results: [] })),
  nothing("plugins.uiDescriptors", "read", () => ({ ok: true, descriptors: [] })),
  nothing("plugins.controlUi.list", "read", () => ({ revision: "none", plugins: [], diagnostics: [] })),
  nothing("plugins.catalog.browse", "read", () => ({ items: [] })),
  nothing("plugins.catalog.categories", "read", () => ({ categories: [] })),
  nothing("hooks.status", "read", () => ({ hooks: [] })),
  nothing("taskSuggestions.list", "read", () => ({ suggestions: [] })),
  nothing("mentions.list", "read", () => ({ items: [] })),
  nothing("projects.list", "read", () => ({ projects: [], recents: [], observedProjects: [] })),
  method({
    name: "themes.list",
    access: "read",
    support: { partial: "the themes that the web application brings along" },
    params: Anything,
    run: (_params, context) => themes(context),
  }),
  nothing("worktrees.list", "read", () => ({ worktrees: [] })),
  nothing("users.github.status", "read", () => ({ personal: NO_LINK, system: NO_ACCOUNT })),
  method({
    name: "tools.github.status",
    access: "read",
    support: NOTHING,
    params: Type.Object({
      agentId: Type.Optional(Type.String({ maxLength: 200 })),
      selectedScope: Type.Optional(Type.String({ maxLength: 40 })),
    }),
    run: ({ agentId = "main", selectedScope = "system" }) => ({
      ...{ agentId, selectedScope, effective: NO_ACCOUNT },
      selected: { scope: selectedScope, configured: false, identity: NO_ACCOUNT },
    }),
  }),
  method({
    name: "diagnostics.lanes",
    access: "read",
    support: { partial: "no lanes: every session has a queue of its own" },
    params: Anything,
    run: (_params, { hub }) => ({ ts: hub.clock.now(), lanes: [], dynamic: null }),
  }),
  method({
    name: "board.get",
    access: "read",
    support: NOTHING,
    params: Key,
    run: ({ sessionKey }) => ({ sessionKey, revision: 0, tabs: [], widgets: [] }),
  }),
  method({
    name: "progressCard.get",
    access: "read",
    support: NOTHING,
    params: Key,
    run: () => ({ card: null }),
  }),
  method({
    name: "controlUi.sessionPullRequests.subscribe",
    access: "read",
    support: { partial: "acknowledged; no session here has pull requests" },
    params: Anything,
    run: () => ({ subscribed: false }),
  }),
  method({
    name: "environments.list",
    access: "read",
    params: Anything,
    run: (_params, context) => ({ environments: environments(context) }),
  }),
  method({
    name: "environments.status",
    access: "read",
    params: Type.Object({ environmentId: Type.String({ minLength: 1, maxLength: 200 }) }),
    run({ environmentId }, context) {
      const found = environments(context).find((one) => one.id === environmentId);
      if (found) return found;
      throw new BarnacleError("NOT_FOUND", `unknown environmentId: ${environmentId.slice(0, 80)}`);
    },
  }),
];

function nothing(name: string, access: Method["access"], answer: () => unknown): Method {
  return method({ name, access, support: NOTHING, params: Anything, run: answer });
}

/** Themes of the web application; it knows how they look. Source: gateway protocol 4, `themes.list`. */
const THEMES = [
  "claw",
  "knot",
  "dash",
  "absolutely",
  "tide",
  "beacon",
  "phosphor",
  "crt",
  "manuscript",
  "rose",
  "miami",
];

function themes({ hub }: MethodContext) {
  const all = THEMES.map((id) => ({
    ...{ id, name: id.charAt(0).toUpperCase() + id.slice(1), description: "", source: "builtin" },
    modes: ["light", "dark"],
  }));
  const { "ui.theme": chosen, "ui.themeMode": mode } = hub.owner.prefs(["ui.theme", "ui.themeMode"]);
  const theme = all.find(({ id }) => id === chosen) ?? all[0];
  const overrides = { ...(theme?.id === chosen ? { id: chosen } : {}), ...(typeof mode === "string" ? { mode } : {}) };
  const current = { id: theme?.id, mode: typeof mode === "string" ? mode : "system", scope: "profile", overrides };
  return { current, theme, themes: all };
}

/** Where work can run: the hub itself and its nodes. */
function environments({ hub }: MethodContext) {
  const nodes = hub.devices.list().filter(isNode);
  return [
    {
      ...{ id: "gateway", type: "local", label: hub.hubName, status: "available", platform: process.platform },
      ...{ sessionHost: true, trust: "persistent" },
    },
    ...nodes.map((device) => {
      const { nodeId, displayName, platform, caps, commands } = nodeObject(device, hub.wsLink.peer(device.deviceId));
      return {
        ...{ id: nodeId, type: "node", ...(displayName ? { label: displayName } : {}) },
        status: device.online ? "available" : "unavailable",
        ...(platform ? { platform } : {}),
        ...{ sessionHost: false, trust: "persistent" },
        capabilities: caps ?? [],
        invocableCommands: commands ?? [],
        ...(device.lastSeenMs === undefined ? {} : { lastSeenAtMs: device.lastSeenMs }),
      };
    }),
  ];
}
