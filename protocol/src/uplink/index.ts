export { gatewayKey, gatewayUrl, parseSetupCode, type SetupCode } from "./address.ts";
export { loadClient, type MakeClient } from "./client.ts";
export type { About, Offer } from "./connection.ts";
export { type Conversation, EXCUSES, type Mouth, type Told } from "./conversation.ts";
export { isOffered, type OfferRules, offerOf } from "./offer.ts";
export { loadPlain, type ToPlain } from "./plain.ts";
export { SentenceStream } from "./sentences.ts";
export { readStatuses, type UplinkStatus } from "./status.ts";
export { Uplink, type UplinkOptions } from "./uplink.ts";
