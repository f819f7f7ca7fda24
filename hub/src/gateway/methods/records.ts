import { BarnacleError } from "@barnacle/protocol/errors";
import { APPLIANCE_ACTIONS, APPLIANCE_KINDS, JsonObject, literals, RoomName } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { redact } from "../../config/index.ts";
import type { Principal } from "../../services.ts";
import { type Caller, type Method, method } from "./method.ts";

const Id = Type.String({ minLength: 1, maxLength: 200 });
const Word = Type.Optional(Type.String({ minLength: 1, maxLength: 200 }));
const Flag = Type.Optional(Type.Boolean());
const Page = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.Integer({ minimum: 0 })),
});

/** Inbox, audit trail, policy and configuration. */
export const recordMethods: readonly Method[] = [
  method({
    name: "barnacle.inbox.list",
    access: "read",
    params: Type.Object({
      ...{ channel: Word, thread: Word, sender: Word, room: Word, text: Word, cursor: Word },
      ...{ unread: Flag, archived: Flag },
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    }),
    run: (query, { hub }) => hub.inbox.list(query),
  }),
  method({
    name: "barnacle.inbox.get",
    access: "read",
    params: Type.Object({ id: Id }),
    async run({ id }, { hub }) {
      const message = await hub.inbox.get(id);
      if (message) return message;
      throw new BarnacleError("NOT_FOUND", `no message has the id ${id.slice(0, 80)}`);
    },
  }),
  method({
    name: "barnacle.inbox.mark",
    access: "write",
    params: Type.Object({ id: Id, read: Flag, archived: Flag }),
    run: ({ id, read, archived }, { hub }) => hub.inbox.mark(id, { read, archived }),
  }),
  method({
    name: "barnacle.audit.list",
    access: "read",
    params: Page,
    run: async ({ limit, after }, { hub }) => ({ records: await hub.audit.list({ limit, after }) }),
  }),
  method({
    name: "barnacle.audit.export",
    access: "read",
    params: Page,
    run: async ({ limit, after }, { hub }) => ({ records: await hub.audit.list({ limit, after: after ?? 0 }) }),
  }),
  method({
    name: "barnacle.audit.verify",
    access: "read",
    params: Type.Object({}),
    run: (_params, { hub }) => hub.audit.verify(),
  }),
  method({
    name: "barnacle.policy.explain",
    access: "read",
    params: Type.Object({
      principal: Type.Optional(
        Type.Object({
          kind: literals(["operator", "node", "voice", "system"]),
          id: Type.Optional(Id),
          scopes: Type.Optional(Type.Array(Type.String())),
          room: Type.Optional(RoomName),
        }),
      ),
      action: Type.Optional(literals(["command", "method"])),
      name: Id,
      deviceId: Type.Optional(Id),
      room: Type.Optional(RoomName),
      params: Type.Optional(JsonObject),
      appliances: Type.Optional(
        Type.Array(Type.Object({ kind: literals(APPLIANCE_KINDS), action: literals(APPLIANCE_ACTIONS) })),
      ),
    }),
    run({ principal, action, ...request }, { hub, caller }) {
      const { decision, rules } = hub.policy.explain({
        ...request,
        action: action ?? "command",
        principal: principalOf(principal, caller),
      });
      return { ...decision, rules };
    },
  }),
  method({
    name: "barnacle.config.get",
    access: "admin",
    params: Type.Object({}),
    run: (_params, { hub }) => ({ config: redact(hub.configFile.running(), "***") }),
  }),
];

/** An operator without scopes stands for the caller: "what may I do?" */
function principalOf(
  given: { kind: Principal["kind"]; id?: string; scopes?: string[]; room?: string } | undefined,
  caller: Caller,
): Principal {
  if (!given) return caller.principal;
  const scopes = given.scopes ?? (given.kind === "operator" ? caller.scopes : undefined);
  return {
    kind: given.kind,
    id: given.id ?? "someone",
    ...(scopes === undefined ? {} : { scopes }),
    ...(given.room === undefined ? {} : { room: given.room }),
  };
}
