import { type Static, Type } from "@sinclair/typebox";
import { RoomName, TimestampMs } from "../schema/common.ts";
import { Fingerprint } from "./authority.ts";

/** Its name in a node's state directory. The code in it is removed once the node is paired. */
export const NODE_SETUP_FILE = "node.json";

/** All that a fresh node needs to find its hub, to know it, and to be let in without anybody's word. */
export const NodeSetup = Type.Object({
  /** `https://10.0.0.2:18789`; absent: the node looks for the hub with this authority by mDNS. */
  hub: Type.Optional(Type.String({ pattern: "^https?://", maxLength: 300 })),
  authority: Type.Optional(Fingerprint),
  /** Good once, until `expiresAtMs`. */
  setupCode: Type.Optional(Type.String({ minLength: 4, maxLength: 40 })),
  expiresAtMs: Type.Optional(TimestampMs),
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 80 })),
  room: Type.Optional(RoomName),
});
export type NodeSetup = Static<typeof NodeSetup>;
