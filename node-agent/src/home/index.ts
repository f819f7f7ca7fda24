export type { Home, HomeParts } from "./home.ts";
export { HubHome } from "./hub-home.ts";
