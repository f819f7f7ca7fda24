import { generateKeyPairSync } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import t from "tap";
import { hasCode } from "../errors/index.ts";
import {
  deviceAuthPayload,
  deviceIdOf,
  generateIdentity,
  identityFile,
  identityFromPem,
  loadOrCreateIdentity,
  mqttPassword,
  normaliseSetupCode,
  ownsId,
  pairingProofText,
  parseMqttPassword,
  privateKeyPem,
  rawPublicKey,
  signText,
  verifyMqttProof,
  verifyText,
} from "./index.ts";

t.test("the id is the SHA-256 of the raw key, as the gateway protocol has it", async (t) => {
  const zeros = deviceIdOf(new Uint8Array(32));
  t.equal(zeros, "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
  const identity = generateIdentity();
  t.match(identity.deviceId, /^[0-9a-f]{64}$/);
  t.equal(identity.publicKey.length, 43);
  t.ok(ownsId(identity.deviceId, identity.publicKey));
  t.notOk(ownsId(generateIdentity().deviceId, identity.publicKey));
  t.notOk(ownsId(identity.deviceId, "short"));
});

t.test("a signature is verified against every accepted form of the key, and nothing else passes", async (t) => {
  const identity = generateIdentity();
  const signature = signText(identity, "text");
  const raw = rawPublicKey(identity.publicKey);
  t.ok(verifyText(identity.publicKey, "text", signature));
  t.ok(verifyText(raw.toString("base64"), "text", signature), "padded base64");
  t.notOk(verifyText(identity.publicKey, "texT", signature));
  t.notOk(verifyText(generateIdentity().publicKey, "text", signature));
  t.notOk(verifyText("not a key", "text", signature));
  t.notOk(verifyText(identity.publicKey, "text", "AAAA"));
});

t.test("a key is made once, private, and read back", async (t) => {
  const dir = path.join(t.testdir(), "state");
  const first = loadOrCreateIdentity(dir);
  const file = identityFile(dir);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.equal(statSync(path.dirname(file)).mode & 0o777, 0o700);
  t.equal(loadOrCreateIdentity(dir).deviceId, first.deviceId);
  chmodSync(file, 0o644);
  loadOrCreateIdentity(dir);
  t.equal(statSync(file).mode & 0o777, 0o600, "made private again");
  t.match(readFileSync(file, "utf8"), /BEGIN PRIVATE KEY/);
});

t.test("a damaged key is named and left as it is", async (t) => {
  const dir = t.testdir();
  mkdirSync(path.join(dir, "identity"));
  writeFileSync(identityFile(dir), "half a k");
  t.throws(() => loadOrCreateIdentity(dir), { code: "IDENTITY_INVALID", message: /device\.pem is not a private key/ });
  t.equal(readFileSync(identityFile(dir), "utf8"), "half a k");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" });
  t.throws(() => identityFromPem(rsa.toString(), "x.pem"), { code: "IDENTITY_INVALID", message: /Ed25519/ });
});

t.test("an unwritable state directory is named", async (t) => {
  const dir = t.testdir({ state: "a file where a directory should be" });
  t.throws(() => loadOrCreateIdentity(path.join(dir, "state")), { code: "STATE_UNWRITABLE" });
  t.notOk(existsSync(path.join(dir, "state.tmp")));
});

t.test("PEM round trip keeps the identity", async (t) => {
  const identity = generateIdentity();
  t.equal(identityFromPem(privateKeyPem(identity), "memory").deviceId, identity.deviceId);
});

t.test("the MQTT proof binds site, device and incarnation", async (t) => {
  const identity = generateIdentity();
  const proof = parseMqttPassword(mqttPassword(identity, "home", 41));
  t.equal(proof.incarnation, 41);
  t.ok(verifyMqttProof(proof, "home", identity.deviceId, identity.publicKey));
  t.notOk(verifyMqttProof(proof, "office", identity.deviceId, identity.publicKey));
  t.notOk(verifyMqttProof({ ...proof, incarnation: 42 }, "home", identity.deviceId, identity.publicKey));
  t.notOk(verifyMqttProof(proof, "home", generateIdentity().deviceId, identity.publicKey));
});

t.test("anything but a proof is refused by name", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 120 }), async (text) => {
      try {
        parseMqttPassword(text);
        return false;
      } catch (error) {
        return hasCode(error, "PROOF_INVALID");
      }
    }),
  );
  t.throws(() => parseMqttPassword(`v1.-1.${"A".repeat(86)}`), { code: "PROOF_INVALID" });
});

t.test("the pairing proof covers the setup code without carrying it", async (t) => {
  const text = pairingProofText("home", "id", "nonce", "abcd-efgh");
  t.notMatch(text, /abcd/i);
  t.equal(text, pairingProofText("home", "id", "nonce", "ABCD EFGH"), "typed differently, the same code");
  t.not(text, pairingProofText("home", "id", "nonce", undefined));
  t.equal(normaliseSetupCode(" ab-cd "), "ABCD");
});

t.test("the signed connect payload has the documented fields in order", async (t) => {
  const fields = {
    deviceId: "d",
    clientId: "cli",
    clientMode: "cli",
    role: "operator",
    scopes: ["a", "b"],
    signedAtMs: 7,
  };
  t.equal(deviceAuthPayload({ ...fields, token: "T", nonce: "N" }), "v2|d|cli|cli|operator|a,b|7|T|N");
  t.equal(deviceAuthPayload(fields), "v1|d|cli|cli|operator|a,b|7|");
});
