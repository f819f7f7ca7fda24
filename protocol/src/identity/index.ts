export { deviceIdOf } from "./device-id.ts";
export { type DeviceAuthFields, type DeviceAuthVersion, deviceAuthPayload } from "./gateway-auth.ts";
export {
  type DeviceIdentity,
  generateIdentity,
  identityFromPem,
  ownsId,
  privateKeyPem,
  rawPublicKey,
  signText,
  verifyText,
} from "./keys.ts";
export {
  linkTokenHash,
  type MqttProof,
  mqttPassword,
  mqttProofText,
  normaliseSetupCode,
  pairingProofText,
  parseMqttPassword,
  verifyMqttProof,
} from "./proof.ts";
export { identityFile, keepIdentity, loadOrCreateIdentity, writeDurably } from "./store.ts";
