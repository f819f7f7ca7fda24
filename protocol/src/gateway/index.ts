export * from "./clients.ts";
export * from "./connect.ts";
export * from "./devices.ts";
export { fromGatewayError, toGatewayError, type WireText } from "./errors.ts";
export * from "./frames.ts";
export * from "./nodes.ts";
export * from "./presence.ts";
