import type { ProtocolVersion } from "@barnacle/protocol/gateway";
import { v3 } from "./v3.ts";
import { v4 } from "./v4.ts";
import type { WireVersion } from "./version.ts";

export type { WireVersion } from "./version.ts";

const VERSIONS: Readonly<Record<ProtocolVersion, WireVersion>> = { 3: v3, 4: v4 };

export function wireVersion(protocol: ProtocolVersion): WireVersion {
  return VERSIONS[protocol];
}
