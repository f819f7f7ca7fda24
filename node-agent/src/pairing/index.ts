export { askToPair, type PairProfile } from "./client.ts";
export { type HubAddress, HubMembership, type Membership, type MembershipParts } from "./membership.ts";
export type { PostJson } from "./post-json.ts";
