import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import { type Access, type Method, type MethodContext, method, notHere } from "./method.ts";
import { Key, Keyed, keyOf, SessionKeyed } from "./session-params.ts";
import { OWNER_ID } from "./users.ts";

const NOTHING = { partial: "always empty: there is nothing of the kind here" } as const;
const SINGLE = { partial: "one owner: everybody who may connect sees every session" } as const;
const Name = Type.String({ minLength: 1, maxLength: 200 });

/** What clients ask about sessions beside their contents. Source: gateway protocol 4, "methods, views and priority". */
export const sessionExtraMethods: readonly Method[] = [
  method({
    name: "sessions.viewers.set",
    access: "read",
    support: { partial: "acknowledged; who looks at what is not shown to others" },
    params: Type.Object({ sessionKeys: Type.Array(Key, { maxItems: 1000 }) }),
    run: ({ sessionKeys }) => ({ sessionKeys }),
  }),
  method({
    name: "sessions.observer.visibility",
    access: "read",
    support: { partial: "acknowledged; there is no observer that would be hidden" },
    params: Type.Unknown(),
    run: () => ({ ok: true }),
  }),
  keyed("sessions.companion.state", "read", () => ({ exchanges: [] })),
  keyed("sessions.companion.reset", "write", () => ({ ok: true })),
  keyed("sessions.branches.list", "read", () => ({ branches: [] })),
  keyed("session.discussion.info", "read", () => ({ state: "none" })),
  keyed("session.suggestions.list", "read", () => ({ suggestions: [], role: "owner" })),
  method({
    name: "sessions.compaction.list",
    access: "read",
    support: NOTHING,
    params: Keyed,
    run: ({ key, agentId }, context) => ({ ok: true, key: keyOf(key, agentId, context), checkpoints: [] }),
  }),
  method({
    name: "sessions.catalog.list",
    access: "read",
    support: NOTHING,
    params: Type.Unknown(),
    run: () => ({ catalogs: [] }),
  }),
  method({
    name: "sessions.github.options",
    access: "read",
    support: { partial: "says that no account at a code host is connected" },
    params: Type.Unknown(),
    run: () => ({ personal: null, shared: null, pendingPersonal: null }),
  }),
  method({ name: "session.members.list", access: "read", support: SINGLE, params: SessionKeyed, run: members }),
  method({ name: "session.members.listEvidence", access: "read", support: SINGLE, params: SessionKeyed, run: members }),
  method({
    name: "session.visibility.set",
    access: "write",
    support: SINGLE,
    params: Type.Object({ sessionKey: Key, visibility: Name }),
    run({ sessionKey, visibility }) {
      if (visibility !== "shared") throw new BarnacleError("INPUT_INVALID", "visibility: expected shared");
      return { ok: true, sessionKey, visibility };
    },
  }),
  method({
    name: "session.typing",
    access: "write",
    support: { partial: "acknowledged, not passed on" },
    params: SessionKeyed,
    run: () => ({ ok: true, broadcast: false }),
  }),
  method({
    name: "sessions.groups.list",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => groups(hub),
  }),
  method({
    name: "sessions.groups.defaults",
    access: "write",
    support: NOTHING,
    params: Type.Unknown(),
    run: () => ({ defaults: [] }),
  }),
  method({
    name: "sessions.groups.put",
    access: "write",
    params: Type.Object({ names: Type.Array(Name, { maxItems: 200 }) }),
    async run({ names }, { hub }) {
      await hub.sessions.setGroups(names);
      return { ok: true, ...groups(hub) };
    },
  }),
  method({
    name: "sessions.groups.rename",
    access: "write",
    params: Type.Object({ name: Name, to: Name }),
    async run({ name, to }, { hub }) {
      const names = hub.sessions.groups();
      if (!names.includes(name)) throw unknownGroup(name);
      await hub.sessions.setGroups(names.map((one) => (one === name ? to : one)));
      return { ok: true, ...groups(hub), updatedSessions: await recategorise(hub, name, to) };
    },
  }),
  method({
    name: "sessions.groups.delete",
    access: "write",
    params: Type.Object({ name: Name }),
    async run({ name }, { hub }) {
      const names = hub.sessions.groups();
      if (!names.includes(name)) throw unknownGroup(name);
      await hub.sessions.setGroups(names.filter((one) => one !== name));
      return { ok: true, ...groups(hub), updatedSessions: await recategorise(hub, name, null) };
    },
  }),
  method({
    name: "sessions.title.prepare",
    access: "write",
    support: { partial: "no title ahead of time: a session is called by the first words said in it" },
    params: Type.Unknown(),
    run: () => ({ title: null }),
  }),
  ...refused("transcripts here are one line of messages without branches", {
    write: "sessions.fork sessions.compaction.branch",
    admin: "sessions.rewind sessions.branches.switch sessions.compaction.restore",
  }),
  ...refused("sessions have no files and no work tree", {
    read: "sessions.files.list sessions.files.get sessions.diff",
    write: "sessions.groups.update",
    admin: "sessions.files.set sessions.files.reveal",
  }),
  ...refused("sessions of other programs are not taken over", {
    read: "sessions.catalog.read",
    write: "sessions.catalog.continue sessions.catalog.archive",
  }),
  ...refused("sessions run on the hub, and are not moved to other machines", {
    write: "sessions.dispatch sessions.reclaim sessions.move sessions.recover sessions.assignOwner",
  }),
  ...refused("sessions have no goals that outlive a message", {
    write: "sessions.goal.update sessions.goal.clear",
  }),
  ...refused("the hub has no account at a code host", {
    read: "sessions.github.status",
    write: "sessions.github.publish sessions.github.confirm",
  }),
  ...refused("the hub has one owner, so there is nobody to share a session with", {
    write: `session.members.add session.members.remove session.suggestions.add session.suggestions.resolve
      session.discussion.open`,
  }),
  ...refused("answers are text; what nodes record is fetched with artifacts.download", { read: "assistant.media.get" }),
  ...refused("no second model comments on a session", { read: "sessions.companion.ask" }),
  ...refused("archives of transcripts are dropped after 30 days, without being told to", { admin: "sessions.cleanup" }),
];

function keyed(name: string, access: Access, answer: () => unknown): Method {
  return method({ name, access, support: NOTHING, params: SessionKeyed, run: answer });
}

function refused(why: string, names: Partial<Record<Access, string>>): Method[] {
  return Object.entries(names).flatMap(([access, list]) =>
    list.split(/\s+/).map((name) => notHere(name, access as Access, why)),
  );
}

function groups({ sessions }: MethodContext["hub"]) {
  return { groups: sessions.groups().map((name, position) => ({ name, position })), sectionOrder: [] };
}

async function recategorise({ sessions }: MethodContext["hub"], from: string, to: string | null): Promise<number> {
  const { sessions: all } = sessions.list({ archived: "all" });
  const inside = all.filter(({ settings }) => settings.category === from);
  for (const { key } of inside) await sessions.patch(key, { settings: { category: to } });
  return inside.length;
}

function members({ sessionKey }: { sessionKey: string }, { hub }: MethodContext) {
  const label = hub.owner.profile().displayName;
  const owner = { type: "human", id: OWNER_ID, ...(label ? { label } : {}) };
  return { sessionKey, owner, members: [], identities: [owner], role: "owner", allowedVisibilities: ["shared"] };
}

function unknownGroup(name: string): BarnacleError {
  return new BarnacleError("NOT_FOUND", `no group is called ${name.slice(0, 80)}`);
}
