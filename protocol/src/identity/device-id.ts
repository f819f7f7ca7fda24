import { hash } from "node:crypto";

/** Lower-case hex SHA-256 of the 32 raw public key bytes. Source: Moltbot gateway protocol 3, device identity. */
export function deviceIdOf(rawPublicKey: Uint8Array): string {
  return hash("sha256", rawPublicKey);
}
