/** Work for coding agents, in the Model Context Protocol. Everything but the routes is loaded when somebody asks. */
export { type McpGateway, McpRoutes, type McpRoutesOptions } from "./routes.ts";
