import type { FastifyInstance } from "fastify";

/** A group of HTTP paths. Each folder that has some brings its own; `HttpServer` gets the list and knows none of them. */
export interface HttpRoutes {
  /** It answers `GET /` itself. */
  readonly takesRoot?: boolean;
  /** Called once for every start, before the port is opened. Routes are closed with the server. */
  register(server: FastifyInstance): void | Promise<void>;
}
