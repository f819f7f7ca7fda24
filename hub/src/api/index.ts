import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import type { FastifyInstance } from "fastify";
import type { HttpRoutes } from "../http/index.ts";
import { avatarRoutes } from "./avatar.ts";
import { Bearer, refused } from "./bearer.ts";
import { completionRoutes } from "./completions.ts";
import { hookRoutes } from "./hooks.ts";
import type { ApiParts } from "./parts.ts";
import { responseRoutes } from "./responses.ts";
import { toolRoutes } from "./tools.ts";

export type { ApiParts } from "./parts.ts";

/** The agent over HTTP, beside the gateway's WebSocket on the same port. Source: gateway protocol 3, "HTTP on the same port". */
export class ApiRoutes implements HttpRoutes {
  readonly #parts: ApiParts;

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async register(server: FastifyInstance): Promise<void> {
    const parts = this.#parts;
    avatarRoutes(server, parts);
    await server.register(async (own) => this.#withToken(own));
    await server.register(async (own) => hookRoutes(own, parts));
  }

  #withToken(server: FastifyInstance): void {
    const parts = this.#parts;
    const bearer = new Bearer({ secrets: parts.secrets, clock: parts.clock });
    // Before the body is read: a stranger's megabytes are not waited for.
    server.addHook("onRequest", async (request, reply) => {
      const wait = bearer.refusal(request);
      if (wait === undefined) return undefined;
      return refused(reply, wait).send({ error: { message: "Unauthorized", type: "unauthorized" } });
    });
    server.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
      const foreign = error.statusCode !== undefined && error.statusCode < 500;
      const named = foreign ? new BarnacleError("INPUT_INVALID", error.message) : toBarnacleError(error);
      const status = named.entry.http;
      const type = status < 500 ? "invalid_request_error" : "api_error";
      return reply.code(status).send({ error: { message: named.message, type, code: named.code } });
    });
    completionRoutes(server, parts);
    responseRoutes(server, parts);
    toolRoutes(server, parts);
  }
}
