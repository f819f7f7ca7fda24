import { createHash } from "node:crypto";
import { BarnacleError } from "../errors/index.ts";
import { type DeviceIdentity, signText, verifyText } from "./keys.ts";

/**
 * Proof of key possession inside an MQTT CONNECT, which has no challenge of its own. The password is
 * `v1.<incarnation>.<signature>`. An incarnation is a number that grows with every connection of a device and is kept on
 * its disk; the hub admits only a larger one than it ever saw, so a recorded CONNECT is worthless and no clock is needed.
 * In `v2.…` the signature also covers the token that the hub gave the device, which itself is not sent.
 */
export interface MqttProof {
  readonly version: 1 | 2;
  readonly incarnation: number;
  readonly signature: string;
}

/** @param tokenHash of the token in use; see `linkTokenHash` */
export function mqttProofText(site: string, deviceId: string, incarnation: number, tokenHash?: string): string {
  const what = `${site}|${deviceId}|${incarnation}`;
  return tokenHash === undefined ? `barnacle-mqtt-v1|${what}` : `barnacle-mqtt-v2|${what}|${tokenHash}`;
}

/** What the hub keeps of a device's token, lower-case hex. */
export function linkTokenHash(token: string): string {
  return createHash("sha256").update(`barnacle-link|${token}`).digest("hex");
}

export function mqttPassword(identity: DeviceIdentity, site: string, incarnation: number, token?: string): string {
  const hash = token === undefined ? undefined : linkTokenHash(token);
  const signature = signText(identity, mqttProofText(site, identity.deviceId, incarnation, hash));
  return `v${hash === undefined ? 1 : 2}.${incarnation}.${signature}`;
}

/** @throws PROOF_INVALID when the password is not of the form above. */
export function parseMqttPassword(password: string): MqttProof {
  const match = /^v([12])\.(\d{1,16})\.([A-Za-z0-9_-]{86})$/.exec(password);
  if (!match)
    throw new BarnacleError(
      "PROOF_INVALID",
      "the MQTT password is not a proof of the form v1.<incarnation>.<signature> or v2.…",
    );
  return { version: match[1] === "2" ? 2 : 1, incarnation: Number(match[2]), signature: match[3] as string };
}

/** @param tokenHash what a proof of version 2 must cover; one of version 1 covers none */
export function verifyMqttProof(
  proof: MqttProof,
  site: string,
  deviceId: string,
  publicKey: string,
  tokenHash?: string,
): boolean {
  if ((proof.version === 2) !== (tokenHash !== undefined)) return false;
  return verifyText(publicKey, mqttProofText(site, deviceId, proof.incarnation, tokenHash), proof.signature);
}

/**
 * What a device signs to pair: bound to the site, to the hub's single-use nonce, to the setup code, and to the authority
 * that it saw (a fingerprint), if there is one.
 */
export function pairingProofText(
  site: string,
  deviceId: string,
  nonce: string,
  setupCode: string | undefined,
  authority?: string,
): string {
  const code = setupCode === undefined ? "" : createHash("sha256").update(normaliseSetupCode(setupCode)).digest("hex");
  const text = `barnacle-pair-v1|${site}|${deviceId}|${nonce}|${code}`;
  return authority === undefined ? text : `${text}|${authority}`;
}

/** Codes are read aloud and typed: case, spaces and dashes don't matter. */
export function normaliseSetupCode(code: string): string {
  return code.toUpperCase().replace(/[\s-]/g, "");
}
