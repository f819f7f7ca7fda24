import { BarnacleError } from "@barnacle/protocol/errors";
import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { PresenceFacts } from "../presence.ts";
import { presenceLine } from "../presence-line.ts";
import { type Method, method } from "./method.ts";

const Short = Type.Optional(Type.String({ maxLength: 200 }));
const Names = Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50 }));

export const heartbeatMethods: readonly Method[] = [
  method({
    name: "last-heartbeat",
    access: "read",
    params: Type.Unknown(),
    run: (_params, { hub }) => hub.heartbeats.last(),
  }),
  method({
    name: "set-heartbeats",
    access: "admin",
    records: "config",
    params: Type.Unknown(),
    run(params, { hub }) {
      const { enabled } = (params ?? {}) as { enabled?: unknown };
      if (typeof enabled !== "boolean") {
        throw new BarnacleError("INPUT_INVALID", "invalid set-heartbeats params: enabled (boolean) required");
      }
      hub.heartbeats.setEnabled(enabled);
      return { ok: true, enabled };
    },
  }),
  method({
    name: "wake",
    access: "write",
    params: Type.Object({
      mode: literals(["now", "next-heartbeat"]),
      text: Type.String({ minLength: 1, maxLength: 10_000 }),
      sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
      agentId: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    }),
    async run({ mode, text, sessionKey, agentId }, { hub }) {
      const key = hub.sessions.canonical(sessionKey, agentId);
      await hub.sessions.systemEvent(key, text.trim());
      if (mode === "now") hub.heartbeats.wake("wake", key);
      return { ok: true };
    },
  }),
  method({
    name: "system-event",
    access: "admin",
    params: Type.Object({
      text: Type.Optional(Type.String({ maxLength: 10_000 })),
      ...{ deviceId: Short, instanceId: Short, host: Short, ip: Short, mode: Short, version: Short, platform: Short },
      ...{ deviceFamily: Short, modelIdentifier: Short, reason: Short, roles: Names, scopes: Names, tags: Names },
      lastInputSeconds: Type.Optional(Type.Number({ minimum: 0 })),
      sessionKey: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    }),
    async run({ text: given, sessionKey, ...facts }, { hub, presence }) {
      const text = given?.trim() ?? "";
      if (text === "") throw new BarnacleError("INPUT_INVALID", "text required");
      const line = presenceLine(text);
      // A sign of life is not worth an agent's attention; anything else waits in the main session.
      if (line === undefined) await hub.sessions.systemEvent(hub.sessions.canonical(sessionKey), text);
      const known: PresenceFacts & { reason?: string } = { ...line, ...facts };
      const key = known.deviceId ?? known.instanceId ?? known.host ?? known.ip;
      if (key !== undefined) presence.tell(key, known, text);
      return { ok: true };
    },
  }),
];
