export { gatewayToken, type HubNotice, removeNotice, writeNotice } from "./local-access.ts";
