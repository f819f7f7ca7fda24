import { type ConnectClient, SCOPES } from "@barnacle/protocol/gateway";
import type { SetupGrant, SetupProfile } from "../../services.ts";

/** Who may come in by a setup code of this kind without being asked about, and as what. */
export interface ProfileRules {
  readonly fits: (client: ConnectClient) => boolean;
  readonly grants: readonly SetupGrant[];
  /** The commands that the node names at its first connect are approved with it. */
  readonly withCommands: boolean;
  /** What clients are told that the code is worth. */
  readonly access: "full" | "limited" | "node";
}

const APP_SCOPES = [SCOPES.approvals, SCOPES.read, SCOPES.write, SCOPES.talkSecrets];
const NODE: SetupGrant = { role: "node", scopes: [] };

/** Source: gateway protocol 4, "pairing, setup codes, tokens". */
export const SETUP_PROFILES: Readonly<Record<SetupProfile, ProfileRules>> = {
  full: {
    ...{ fits: isPhoneApp, withCommands: false, access: "full" },
    grants: [NODE, { role: "operator", scopes: [SCOPES.admin, ...APP_SCOPES] }],
  },
  limited: {
    ...{ fits: isPhoneApp, withCommands: false, access: "limited" },
    grants: [NODE, { role: "operator", scopes: APP_SCOPES }],
  },
  node: { fits: ({ id }) => id === "node-host", withCommands: true, access: "node", grants: [NODE] },
  "voice-node": {
    ...{ fits: isRoomNode, withCommands: true, access: "node" },
    grants: [NODE, { role: "operator", scopes: [SCOPES.read, SCOPES.talk] }],
  },
};

/** A device that says another platform than it was approved with is asked about again, so the name alone opens nothing. */
export function isPhoneApp({ id, platform }: ConnectClient): boolean {
  return /-(ios|android|watchos)$/.test(id) && /^(ios|ipados|android|watchos)\b/i.test(platform.trim());
}

function isRoomNode({ id, platform, deviceFamily = "" }: ConnectClient): boolean {
  return id === "node-host" && /^esp32/i.test(platform.trim()) && deviceFamily.trim().toLowerCase() === "esp32";
}
