export { askToPair, type PairProfile, type PostJson, postJson } from "./client.ts";
export { type HubAddress, HubMembership, type Membership, type MembershipParts } from "./membership.ts";
