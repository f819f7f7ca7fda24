import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { BarnacleError } from "../errors/index.ts";
import { deviceIdOf } from "./device-id.ts";

/** SubjectPublicKeyInfo header of an Ed25519 key (RFC 8410); the 32 raw bytes follow it. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** An Ed25519 key pair and the id derived from it. */
export interface DeviceIdentity {
  readonly deviceId: string;
  /** base64url without padding, of the 32 raw bytes. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function generateIdentity(): DeviceIdentity {
  return identityOf(generateKeyPairSync("ed25519").privateKey);
}

/** @throws IDENTITY_INVALID when the text is not an Ed25519 private key in PEM. */
export function identityFromPem(pem: string, where: string): DeviceIdentity {
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === "ed25519") return identityOf(key);
  } catch (error) {
    throw new BarnacleError("IDENTITY_INVALID", `${where} is not a private key in PEM`, { cause: error });
  }
  throw new BarnacleError("IDENTITY_INVALID", `${where} holds a key of another kind; Ed25519 was expected`);
}

export function privateKeyPem(identity: DeviceIdentity): string {
  return identity.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Ed25519 signature over UTF-8 text, base64url without padding. */
export function signText(identity: DeviceIdentity, text: string): string {
  return sign(null, Buffer.from(text, "utf8"), identity.privateKey).toString("base64url");
}

/** `publicKey` may be base64url or base64 of the raw bytes, padded or not, or PEM. False for anything malformed. */
export function verifyText(publicKey: string, text: string, signature: string): boolean {
  try {
    return verify(null, Buffer.from(text, "utf8"), publicKeyObject(publicKey), Buffer.from(signature, "base64url"));
  } catch {
    return false;
  }
}

/** The 32 raw bytes of a public key in any accepted form. @throws IDENTITY_INVALID */
export function rawPublicKey(publicKey: string): Buffer {
  if (publicKey.includes("BEGIN")) {
    const der = createPublicKey(publicKey).export({ type: "spki", format: "der" });
    return der.subarray(SPKI_PREFIX.length);
  }
  const raw = Buffer.from(publicKey, "base64url");
  if (raw.length !== 32)
    throw new BarnacleError("IDENTITY_INVALID", `a public key has 32 bytes, this one ${raw.length}`);
  return raw;
}

/** True when `deviceId` is the hash of `publicKey`. */
export function ownsId(deviceId: string, publicKey: string): boolean {
  try {
    return deviceIdOf(rawPublicKey(publicKey)) === deviceId;
  } catch {
    return false;
  }
}

/** Reading a key costs as much as using it, and the same few devices come again and again. */
const MOST_KEYS = 64;
const keys = new Map<string, KeyObject>();

function publicKeyObject(publicKey: string): KeyObject {
  const known = keys.get(publicKey);
  if (known) return known;
  const der = Buffer.concat([SPKI_PREFIX, rawPublicKey(publicKey)]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const oldest = keys.keys().next();
  if (keys.size >= MOST_KEYS && !oldest.done) keys.delete(oldest.value);
  keys.set(publicKey, key);
  return key;
}

function identityOf(privateKey: KeyObject): DeviceIdentity {
  const der = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const raw = der.subarray(SPKI_PREFIX.length);
  return { deviceId: deviceIdOf(raw), publicKey: raw.toString("base64url"), privateKey };
}
