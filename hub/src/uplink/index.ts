export { HubUplink, type HubUplinkOptions } from "./hub-uplink.ts";
