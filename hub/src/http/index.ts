export { HttpServer, type HttpServerOptions, type Upgrades } from "./http-server.ts";
export { isLoopback } from "./loopback.ts";
export { type Origin, Origins } from "./origin.ts";
export { RateLimit } from "./rate-limit.ts";
export type { HttpRoutes } from "./routes.ts";
export { TlsFront } from "./tls-front.ts";
