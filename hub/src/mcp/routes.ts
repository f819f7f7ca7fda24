import type { Clock } from "@barnacle/protocol/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Bearer, refused } from "../api/bearer.ts";
import type { HttpRoutes } from "../http/index.ts";
import type { Devices, Principal } from "../services.ts";

/** The gateway's methods, in the name of whoever asks over HTTP. */
export interface McpGateway {
  /** Scopes, policy and audit as over the WebSocket. @throws what the method throws */
  as(principal: Principal, method: string, params: unknown): Promise<unknown>;
}

export interface McpRoutesOptions {
  readonly gateway: McpGateway;
  readonly devices: Pick<Devices, "list" | "verifyToken">;
  /** The gateway's own secrets. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

const MOST_BYTES = 4 * 1024 * 1024;
/** Who knows the gateway's token. Not an administrator: programs hold it. */
const SCOPES = ["operator.read", "operator.write"];

/**
 * `/mcp` on the hub's port: MCP over streamable HTTP, without sessions. Every request brings a token, of the gateway or of
 * a paired operator, loopback or not; a page of another site is refused. Loaded with the first request.
 */
export class McpRoutes implements HttpRoutes {
  readonly #options: McpRoutesOptions;
  readonly #bearer: Bearer;

  constructor(options: McpRoutesOptions) {
    this.#options = options;
    const { secrets, clock } = options;
    this.#bearer = new Bearer({ secrets, clock, others: (token) => this.#operator(token) !== undefined });
  }

  async register(server: FastifyInstance): Promise<void> {
    await server.register(async (own) => {
      // Before the body is read: a stranger's megabytes are not waited for.
      own.addHook("onRequest", async (request, reply) => this.#refuse(request, reply));
      own.post("/mcp", { bodyLimit: MOST_BYTES }, (request, reply) => this.#answer(request, reply));
      // Nothing is sent unasked, and there are no sessions to end.
      for (const method of ["GET", "DELETE"] as const) {
        own.route({
          ...{ method, url: "/mcp" },
          handler: (_, reply) => reply.code(405).header("allow", "POST").send(wrong("expected POST", -32000)),
        });
      }
    });
  }

  async #refuse(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    const wait = this.#bearer.refusal(request);
    if (wait !== undefined) {
      const text = "expected Authorization: Bearer <the gateway's token, or a paired operator's>";
      return refused(reply, wait).send(wrong(text, -32001));
    }
    const { origin, host } = request.headers;
    if (origin === undefined || sameSite(origin, host)) return undefined;
    return reply.code(403).send(wrong(`pages of ${origin.slice(0, 200)} may not use this`, -32003));
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const principal = this.#principal(request);
    const { serve } = await import("./http.ts");
    reply.hijack();
    await serve(principal, this.#options.gateway, request.raw, reply.raw, request.body);
  }

  #principal(request: FastifyRequest): Principal {
    const [, token = ""] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "") ?? [];
    const device = this.#operator(token.trim());
    if (!device) return { kind: "operator", id: "mcp", name: "MCP", scopes: SCOPES };
    const scopes = device.tokens.find(({ role }) => role === "operator")?.scopes ?? device.scopes;
    return { kind: "operator", id: device.deviceId, name: device.displayName, scopes };
  }

  #operator(token: string) {
    const { devices } = this.#options;
    return devices.list().find(({ deviceId }) => devices.verifyToken(deviceId, "operator", token));
  }
}

function sameSite(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host;
  } catch {
    return false;
  }
}

function wrong(message: string, code: number) {
  return { jsonrpc: "2.0", error: { code, message }, id: null };
}
