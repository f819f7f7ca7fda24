export { HttpServer, type HttpServerOptions, type Upgrades } from "./http-server.ts";
export { RateLimit } from "./rate-limit.ts";
export type { HttpRoutes } from "./routes.ts";
