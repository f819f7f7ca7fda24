import { dirname } from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { Skill } from "../../services.ts";
import { type Method, method, notHere } from "./method.ts";
import { OWNER_ID } from "./users.ts";

const Anything = Type.Unknown();
const NO_SHOP = { partial: "no skill market is asked; results are those of this house" } as const;
const BY_HAND = "skills are files that people put into the hub's skills folder, or that nodes bring along";

export const skillMethods: readonly Method[] = [
  method({
    name: "skills.status",
    access: "read",
    params: Anything,
    run: (_params, { hub }) => ({
      ...{ workspaceDir: dirname(hub.skills.folder), managedSkillsDir: hub.skills.folder, agentId: "main" },
      skills: hub.skills.list().map(rowOf),
    }),
  }),
  method({
    name: "skills.bins",
    access: "node",
    params: Anything,
    run: (_params, { hub }) => ({
      bins: [...new Set(hub.skills.list().flatMap(({ enabled, bins }) => (enabled ? bins : [])))].sort(),
    }),
  }),
  method({
    name: "skills.search",
    access: "read",
    support: NO_SHOP,
    params: Type.Object({
      query: Type.Optional(Type.String({ maxLength: 200 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    }),
    run({ query = "", limit = 20 }, { hub }) {
      const needle = query.trim().toLowerCase();
      const found = hub.skills
        .list()
        .filter(({ name, description }) => `${name}\n${description}`.toLowerCase().includes(needle));
      return {
        results: found.slice(0, limit).map(({ key, name, description }) => ({
          ...{ score: 1, slug: key, installRef: key, displayName: name },
          ...(description === "" ? {} : { summary: description }),
        })),
      };
    },
  }),
  method({
    name: "skills.detail",
    access: "read",
    support: NO_SHOP,
    params: Type.Object({ slug: Type.String({ minLength: 1, maxLength: 300 }) }),
    run({ slug }, { hub }) {
      const skill = hub.skills.list().find(({ key }) => key === slug);
      if (!skill) return { skill: null };
      const { key, name, description } = skill;
      return { skill: { slug: key, displayName: name, summary: description, createdAt: 0, updatedAt: 0 } };
    },
  }),
  method({
    name: "skills.library.list",
    access: "read",
    support: { partial: "always empty: there is no library beside the skills folder" },
    params: Anything,
    run: () => ({
      ...{ entries: [], profileId: OWNER_ID, multipleProfiles: false, defaultTarget: "workspace" },
      ...{ canManageWorkspace: false, defaultSelectionLimit: 64 },
    }),
  }),
  method({
    name: "skills.update",
    access: "admin",
    support: {
      partial: "switches a skill of the hub's folder on or off; keys and variables belong to the program it calls",
    },
    records: "config",
    params: Type.Object({
      skillKey: Type.String({ minLength: 1, maxLength: 300 }),
      enabled: Type.Optional(Type.Boolean()),
      apiKey: Type.Optional(Type.String()),
      env: Type.Optional(Type.Record(Type.String(), Type.String())),
    }),
    run({ skillKey, enabled, apiKey, env }, { hub }) {
      if (apiKey || Object.values(env ?? {}).some((value) => value !== "")) {
        throw new BarnacleError("INPUT_INVALID", "skills.update: the hub keeps no keys or variables of skills");
      }
      if (enabled !== undefined) hub.skills.setEnabled(skillKey, enabled);
      return { ok: true, skillKey, config: enabled === undefined ? {} : { enabled } };
    },
  }),
  notHere("skills.install", "admin", BY_HAND),
  ...["read"].map((name) => notHere(`skills.library.${name}`, "read", BY_HAND)),
  ...["save", "mutate", "activate", "import", "upload"].map((name) =>
    notHere(`skills.library.${name}`, "write", BY_HAND),
  ),
  ...["begin", "chunk", "commit"].map((name) => notHere(`skills.upload.${name}`, "admin", BY_HAND)),
  notHere("skills.securityVerdicts", "read", "no market judges the skills of this house"),
  notHere("skills.skillCard", "read", "no market describes the skills of this house"),
];

function rowOf({ key, name, description, source, file, emoji, homepage, enabled, bins, missing, problem }: Skill) {
  const needs = (names: readonly string[]) => ({ bins: names, anyBins: [], env: [], config: [], os: [] });
  const eligible = enabled && missing.length === 0 && problem === undefined;
  return {
    ...{ name, description, source: source === "node" ? "node" : "openclaw-workspace", bundled: false, skillKey: key },
    ...{ filePath: file ?? "", baseDir: file === undefined ? "" : dirname(file) },
    ...(emoji === undefined ? {} : { emoji }),
    ...(homepage === undefined ? {} : { homepage }),
    ...{ always: false, disabled: !enabled, blockedByAllowlist: false, blockedByAgentFilter: false, eligible },
    ...{ platformIncompatible: false, modelVisible: eligible, userInvocable: false, commandVisible: false },
    ...{ requirements: needs(bins), missing: needs(missing), configChecks: [], install: [] },
    ...(problem === undefined ? {} : { problem }),
  };
}
