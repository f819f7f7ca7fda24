import { toBarnacleError } from "@barnacle/protocol/errors";
import { type JsonObject, validator } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { brandHeader } from "./brands.ts";
import { API_PRINCIPAL, type ApiParts } from "./parts.ts";
import { unhurried } from "./sse.ts";

const check = validator(
  Type.Object({
    tool: Type.String({ minLength: 1, maxLength: 200 }),
    action: Type.Optional(Type.String({ maxLength: 200 })),
    args: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    sessionKey: Type.Optional(Type.String({ maxLength: 512 })),
    dryRun: Type.Optional(Type.Boolean()),
  }),
);

/** `POST /tools/invoke`. Source: gateway protocol 3, "HTTP on the same port". */
export function toolRoutes(server: FastifyInstance, parts: ApiParts): void {
  const { toolbox, sessions, random } = parts;
  server.post("/tools/invoke", { bodyLimit: 2 * 1024 * 1024 }, async (request, reply) => {
    const { tool, action, args = {}, sessionKey, dryRun = false } = check.parse(request.body, "tool call");
    const found = toolbox.list().find(({ name }) => name === tool);
    if (!found) {
      const error = { type: "not_found", message: `Tool not available: ${tool}` };
      return reply.code(404).send({ ok: false, error });
    }
    unhurried(request);
    try {
      const given = (action === undefined ? args : { action, ...args }) as JsonObject;
      const details = dryRun
        ? { dryRun: true, tool, args: given }
        : await found.run(given, {
            principal: API_PRINCIPAL,
            sessionKey: sessions.canonical(sessionKey ?? brandHeader(request, "session-key")),
            key: `tool-${brandHeader(request, "idempotency-key") ?? random.uuid()}`,
          });
      return { ok: true, result: { content: [{ type: "text", text: JSON.stringify(details) }], details } };
    } catch (error) {
      const { code, message } = toBarnacleError(error);
      return reply.code(400).send({ ok: false, error: { type: "tool_error", code, message } });
    }
  });
}
