import { X509Certificate } from "node:crypto";
import { Type } from "@sinclair/typebox";

/** SHA-256 of a certificate, lower-case hex. */
export const Fingerprint = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of a certificate, hex" });

/**
 * Every server certificate of a hub's authority carries this name, and the one of its site. The authority vouches for one
 * hub alone, so nodes check these and not the address, which changes.
 */
export const HUB_NAME = "hub.barnacle.internal";

export function siteName(site: string): string {
  return `${site.replaceAll("_", "-")}.${HUB_NAME}`;
}

/** What a node pins. @throws TypeError when `pem` is no certificate */
export function authorityFingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(":", "").toLowerCase();
}
