export { LocalDoor } from "./local-door.ts";
export { GatewayServer, type GatewayServerOptions } from "./server.ts";
export type { GatewayServices } from "./services.ts";
export { WsLink } from "./ws-link.ts";
