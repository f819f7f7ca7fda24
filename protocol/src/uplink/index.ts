export { gatewayKey, gatewayUrl, parseSetupCode, type SetupCode } from "./address.ts";
export { loadClient, type MakeClient } from "./client.ts";
export type { About, Offer } from "./connection.ts";
export { EXCUSES, type Mouth, type Told } from "./conversation.ts";
export { loadPlain, type ToPlain } from "./plain.ts";
export { SentenceStream } from "./sentences.ts";
export { readStatuses, type UplinkStatus } from "./status.ts";
export { Uplink, type UplinkOptions } from "./uplink.ts";
