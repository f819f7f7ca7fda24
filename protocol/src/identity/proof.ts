import { createHash } from "node:crypto";
import { BarnacleError } from "../errors/index.ts";
import { type DeviceIdentity, signText, verifyText } from "./keys.ts";

/**
 * Proof of key possession inside an MQTT CONNECT, which has no challenge of its own. The password is
 * `v1.<incarnation>.<signature>`. An incarnation is a number that grows with every connection of a device and is kept on
 * its disk; the hub admits only a larger one than it ever saw, so a recorded CONNECT is worthless and no clock is needed.
 */
export interface MqttProof {
  readonly incarnation: number;
  readonly signature: string;
}

export function mqttProofText(site: string, deviceId: string, incarnation: number): string {
  return `barnacle-mqtt-v1|${site}|${deviceId}|${incarnation}`;
}

export function mqttPassword(identity: DeviceIdentity, site: string, incarnation: number): string {
  return `v1.${incarnation}.${signText(identity, mqttProofText(site, identity.deviceId, incarnation))}`;
}

/** @throws PROOF_INVALID when the password is not of the form above. */
export function parseMqttPassword(password: string): MqttProof {
  const match = /^v1\.(\d{1,16})\.([A-Za-z0-9_-]{86})$/.exec(password);
  if (!match)
    throw new BarnacleError(
      "PROOF_INVALID",
      "the MQTT password is not a proof of the form v1.<incarnation>.<signature>",
    );
  return { incarnation: Number(match[1]), signature: match[2] as string };
}

export function verifyMqttProof(proof: MqttProof, site: string, deviceId: string, publicKey: string): boolean {
  return verifyText(publicKey, mqttProofText(site, deviceId, proof.incarnation), proof.signature);
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
