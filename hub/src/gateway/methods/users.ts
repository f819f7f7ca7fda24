import { BarnacleError } from "@barnacle/protocol/errors";
import { Type } from "@sinclair/typebox";
import type { OwnerProfile } from "../../services.ts";
import { type Method, method } from "./method.ts";

/** The one profile's id. Source: gateway protocol 4, "users and profiles". */
export const OWNER_ID = "gateway-owner";
const ONE = { partial: "one profile: the hub's owner" } as const;
const Anything = Type.Unknown();

/** Profiles: a hub has one owner, whoever connects. */
export const userMethods: readonly Method[] = [
  method({
    name: "users.self",
    access: "write",
    support: ONE,
    params: Anything,
    run: (_params, { hub }) => ({ profile: profileOf(hub.owner.profile()) }),
  }),
  method({
    name: "users.list",
    access: "read",
    support: ONE,
    params: Anything,
    run: (_params, { hub }) => ({ profiles: [profileOf(hub.owner.profile())] }),
  }),
  method({
    name: "users.setDisplayName",
    access: "write",
    support: ONE,
    params: Type.Object({
      profileId: Type.String({ minLength: 1, maxLength: 200 }),
      displayName: Type.Union([Type.String({ maxLength: 200 }), Type.Null()]),
    }),
    async run({ profileId, displayName }, { hub }) {
      if (profileId !== OWNER_ID)
        throw new BarnacleError("NOT_FOUND", `no profile has the id ${profileId.slice(0, 80)}`);
      return { profile: profileOf(await hub.owner.setDisplayName(displayName)) };
    },
  }),
  method({
    name: "users.prefs.get",
    access: "read",
    params: Type.Object({ keys: Type.Optional(Type.Array(Type.String({ maxLength: 200 }), { maxItems: 200 })) }),
    run: ({ keys }, { hub }) => ({ status: "ok", entries: hub.owner.prefs(keys) }),
  }),
  method({
    name: "users.prefs.set",
    access: "write",
    params: Type.Object({ entries: Type.Record(Type.String(), Type.Unknown()) }),
    async run({ entries }, { hub }) {
      await hub.owner.setPrefs(entries);
      return { status: "ok" };
    },
  }),
];

function profileOf({ displayName, createdAt, updatedAt }: OwnerProfile) {
  return {
    ...{ id: OWNER_ID, displayName, avatarMime: null, mergedInto: null, createdAt, updatedAt },
    ...{ emails: [], githubIdentity: null, hasAvatar: false },
  };
}
