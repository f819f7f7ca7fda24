import { deviceAuthPayload, generateIdentity, signText } from "@barnacle/protocol/identity";
import { buildDeviceAuthPayload, buildDeviceAuthPayloadV3 } from "@openclaw/gateway-client";
import fc from "fast-check";
import t from "tap";
import { deviceFlaw } from "./proof.ts";

const word = fc.string({ minLength: 1, maxLength: 20 });
const fields = fc.record({
  ...{ deviceId: word, clientId: word, clientMode: word, role: word, nonce: word },
  scopes: fc.array(word, { maxLength: 4 }),
  signedAtMs: fc.nat(),
  token: fc.option(word, { nil: undefined }),
  platform: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
  deviceFamily: fc.option(fc.string({ unit: "grapheme", maxLength: 20 }), { nil: undefined }),
});

t.test("what is signed is to the byte what the published client signs", async () => {
  fc.assert(
    fc.property(fields, (given) => {
      const theirs = { ...given, token: given.token ?? null };
      return (
        deviceAuthPayload(given, 3) === buildDeviceAuthPayloadV3(theirs) &&
        deviceAuthPayload(given) === buildDeviceAuthPayload(theirs)
      );
    }),
  );
});

const SENT = 1_800_000_000_000;

/** A proof as a client makes it, with one thing changed after it was signed. */
function proof(version: 1 | 2 | 3, change: Record<string, unknown> = {}, signedAt = SENT, now = SENT) {
  const identity = generateIdentity();
  const nonce = version === 1 ? undefined : "n1";
  const client = {
    id: "node-host",
    mode: "node" as const,
    version: "1",
    platform: " Linux ",
    deviceFamily: "RaspberryPi",
  };
  const signature = signText(
    identity,
    deviceAuthPayload(
      {
        ...{ deviceId: identity.deviceId, clientId: client.id, clientMode: client.mode, role: "node", scopes: [] },
        ...{ signedAtMs: signedAt, token: "tok", nonce, platform: client.platform, deviceFamily: client.deviceFamily },
      },
      version,
    ),
  );
  const device = { id: identity.deviceId, publicKey: identity.publicKey, signature, signedAt, nonce };
  const params = { minProtocol: 4, maxProtocol: 4, client: { ...client, ...change }, auth: { token: "tok" } } as const;
  const challenge = { nonce: "n1", sentAt: SENT };
  return { params, device, protocol: 4 as const, role: "node", challenge, local: version === 1, now };
}

t.test("payloads 1, 2 and 3 are taken, and each binds what it signs", async (t) => {
  for (const version of [1, 2, 3] as const) t.equal(deviceFlaw(proof(version)), undefined, `v${version}`);
  t.equal(deviceFlaw({ ...proof(1), local: false }), "no-nonce");
  t.equal(
    deviceFlaw(proof(3, { platform: "LINUX", deviceFamily: "raspberrypi  " })),
    undefined,
    "case and ends are not",
  );
  t.equal(deviceFlaw(proof(3, { platform: "darwin" })), "signature");
  t.equal(deviceFlaw(proof(3, { deviceFamily: "Mac" })), "signature");
  t.equal(deviceFlaw(proof(2, { platform: "darwin" })), undefined, "payload 2 does not name it");
  t.equal(deviceFlaw({ ...proof(3), role: "operator" }), "signature");
});

t.test("the token in the signature is the first that is sent", async (t) => {
  const signed = proof(3);
  const withAuth = (auth: object) => deviceFlaw({ ...signed, params: { ...signed.params, auth } });
  for (const name of ["token", "deviceToken", "bootstrapToken"]) t.equal(withAuth({ [name]: "tok" }), undefined, name);
  t.equal(withAuth({ token: "tok", deviceToken: "stored", bootstrapToken: "b" }), undefined);
  t.equal(withAuth({ token: "other", deviceToken: "tok" }), "signature");
  t.equal(withAuth({ password: "tok" }), "signature", "a password is not signed");
});

t.test(
  "the challenge's own time is good however the clocks stand; a clock of its own may be ten minutes off",
  async (t) => {
    const hour = 3_600_000;
    t.equal(deviceFlaw(proof(3, {}, SENT, SENT + hour)), undefined);
    t.equal(deviceFlaw(proof(1, {}, SENT, SENT + hour)), "expired", "without the nonce a time alone proves nothing");
    t.equal(deviceFlaw(proof(2, {}, SENT + 1, SENT + hour)), "expired");
    t.equal(deviceFlaw(proof(2, {}, SENT + 600_000)), undefined);
    t.equal(deviceFlaw(proof(2, {}, SENT + 600_001)), "expired");
  },
);
