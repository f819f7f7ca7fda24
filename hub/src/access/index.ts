export { type EndpointFacts, endpointOf, lanAddresses } from "./endpoint.ts";
export { gatewayToken, type HubNotice, removeNotice, writeNotice } from "./local-access.ts";
