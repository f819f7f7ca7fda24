export { askToPair, type PairProfile } from "./client.ts";
export { type FoundHub, findHubs } from "./find-hubs.ts";
export {
  type HubAddress,
  HubMembership,
  type Invitation,
  type Membership,
  type MembershipParts,
} from "./membership.ts";
export type { Posted, PostJson } from "./post-json.ts";
export type { Courier } from "./post-office.ts";
export { type SecureConnection, type SecureTarget, secureSocket, type Trust } from "./secure-socket.ts";
