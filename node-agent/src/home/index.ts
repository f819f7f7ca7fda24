export { GatewayHome } from "./gateway-home.ts";
export type { Home, HomeParts } from "./home.ts";
export { HubHome } from "./hub-home.ts";
