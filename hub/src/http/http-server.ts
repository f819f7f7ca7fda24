import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { PAIR_CHALLENGE_PATH, PAIR_PATH, PairChallengeRequest, PairRequest } from "@barnacle/protocol/pairing";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { validator } from "@barnacle/protocol/schema";
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from "fastify";
import { bindFailure } from "../broker/bind-failure.ts";
import type { Counters, Devices } from "../services.ts";
import { frontPage } from "./front-page.ts";
import { Origins } from "./origin.ts";
import { RateLimit } from "./rate-limit.ts";
import type { HttpRoutes } from "./routes.ts";
import { NO_SCHEMA_COMPILERS } from "./schema-compilers.ts";
import type { TlsFront } from "./tls-front.ts";

const BODY_LIMIT = 64 * 1024;
/** A waiting node asks for a challenge and for its state every few seconds; many may share an address. */
const PER_ADDRESS = { perMinute: 120, burst: 60 };
const IN_ALL = { perMinute: 1200, burst: 300 };

const challengeRequest = validator(PairChallengeRequest);
const pairRequest = validator(PairRequest);

/** Whoever takes WebSocket connections on this port. */
export interface Upgrades {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every connection it took. May be called twice. */
  stop(): Promise<void>;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly hubName: string;
  readonly version: string;
  readonly devices: Devices;
  readonly gateway: Upgrades;
  /** Proxies whose word on a client's address is taken. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** TLS on the same port. */
  readonly tls?: TlsFront | undefined;
  /** What else is served on this port. */
  readonly routes?: readonly HttpRoutes[];
  /** True once the hub can serve nodes and operators. */
  readonly isReady: () => boolean;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The hub's one HTTP port: liveness, readiness, pairing of nodes, and the gateway's WebSocket on any path. The peer's address
 * is the socket's; what `X-Forwarded-For` says counts from configured proxies only, since anyone can send it.
 */
export class HttpServer implements Unit {
  readonly #options: HttpServerOptions;
  readonly #origins: Origins;
  readonly #perAddress: RateLimit;
  readonly #inAll: RateLimit;
  #server: FastifyInstance | undefined;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    this.#origins = new Origins(options.trustedProxies);
    this.#perAddress = new RateLimit({ clock: options.clock, ...PER_ADDRESS });
    this.#inAll = new RateLimit({ clock: options.clock, ...IN_ALL });
  }

  /** The port in use; 0 before the start. */
  get port(): number {
    const address = this.#server?.server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** @throws PORT_BUSY, BIND_REFUSED */
  async start(): Promise<void> {
    const server = fastify({
      logger: false,
      bodyLimit: BODY_LIMIT,
      trustProxy: false,
      forceCloseConnections: true,
      connectionTimeout: 30_000,
      requestTimeout: 30_000,
      schemaController: { compilersFactory: NO_SCHEMA_COMPILERS },
    });
    this.#routes(server);
    for (const routes of this.#options.routes ?? []) await server.register(async (own) => routes.register(own));
    server.server.on("upgrade", (request, socket: Socket, head) => {
      socket.setTimeout(0);
      // Node takes its own listener away here; without one a reset while it is turned away would end the process.
      socket.on("error", () => socket.destroy());
      this.#options.gateway.handleUpgrade(request, socket, head);
    });
    const { host, port, tls } = this.#options;
    try {
      // After everything that listens to the server itself, and before the first connection.
      await server.ready();
      await tls?.attach(server.server);
      await server.listen({ host, port });
    } catch (error) {
      await server.close();
      throw bindFailure("HTTP", host, port, error);
    }
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    // The port is free only when the last connection on it has ended, and upgraded ones are not the HTTP server's to end.
    await this.#options.gateway.stop();
    this.#options.tls?.close();
    await server.close();
  }

  #routes(server: FastifyInstance): void {
    const { devices, hubName, version, isReady } = this.#options;
    server.setErrorHandler((error: FastifyError | BarnacleError, _request, reply) => this.#refuse(error, reply));
    server.setNotFoundHandler((request, reply) =>
      this.#refuse(
        new BarnacleError("NOT_FOUND", `nothing is at ${request.method} ${request.url.slice(0, 200)}`),
        reply,
      ),
    );
    if (!this.#options.routes?.some((one) => one.takesRoot)) {
      server.get("/", (_request, reply) => reply.type("text/plain; charset=utf-8").send(frontPage(hubName, version)));
    }
    for (const path of ["/health", "/healthz"]) server.get(path, () => ({ ok: true, version }));
    for (const path of ["/ready", "/readyz"]) {
      server.get(path, (_request, reply) => {
        const ready = isReady();
        return reply.code(ready ? 200 : 503).send({ ready });
      });
    }
    server.post(PAIR_CHALLENGE_PATH, async (request) => {
      this.#limit(this.#origins.of(request.raw).remoteIp);
      const { deviceId } = challengeRequest.parse(request.body, "challenge request");
      return devices.challenge(deviceId);
    });
    server.post(PAIR_PATH, async (request) => {
      const { remoteIp } = this.#origins.of(request.raw);
      this.#limit(remoteIp);
      return devices.pair(pairRequest.parse(request.body, "pairing request"), remoteIp);
    });
  }

  #limit(remoteIp: string): void {
    const wait = Math.max(this.#inAll.take(""), this.#perAddress.take(remoteIp));
    if (wait === 0) return;
    this.#options.counters.add("http.rateLimited");
    throw new BarnacleError("RATE_LIMITED", `too many pairing requests; try again in ${Math.ceil(wait / 1000)} s`, {
      details: { retryAfterMs: wait },
    });
  }

  #refuse(error: FastifyError | BarnacleError, reply: FastifyReply): FastifyReply {
    const named = error instanceof BarnacleError ? error : foreign(error);
    if (named.code === "INTERNAL") this.#options.log.error({ problem: messageOf(error) }, "HTTP request failed");
    const { code, message, hint, details } = named.toShape();
    const wait = details?.retryAfterMs;
    if (typeof wait === "number") void reply.header("retry-after", String(Math.ceil(wait / 1000)));
    return reply.code(named.entry.http).send({ error: { code, message, hint } });
  }
}

/** Fastify's own refusals: a body that is too large, not JSON, of another type. */
function foreign(error: FastifyError): BarnacleError {
  const status = error.statusCode ?? 500;
  if (status < 500) return new BarnacleError("INPUT_INVALID", error.message, { cause: error });
  return new BarnacleError("INTERNAL", "the hub failed to answer; its log says why", { cause: error });
}
