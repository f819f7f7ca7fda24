import { generateIdentity } from "@barnacle/protocol/identity";
import {
  readConnectErrorDetailCode,
  readPairingConnectErrorDetails,
} from "@openclaw/gateway-protocol/connect-error-details";
import t from "tap";
import { ANNA } from "../../devices/testing.ts";
import { type ConnectOptions, open, operator, REMOTE, TOKEN, testGateway } from "../testing.ts";

const V4 = { minProtocol: 4, maxProtocol: 4 };

interface Case {
  readonly name: string;
  readonly options: ConnectOptions;
  readonly remote?: boolean;
  /** Protocol 3's code where it is not INVALID_REQUEST, and protocol 4's where it differs from that. */
  readonly code?: string;
  readonly code4?: string;
  readonly message: string;
  readonly details: Record<string, unknown>;
}

t.test("every flaw of device and secret has its words for protocol 3 and its details for protocol 4", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const other = generateIdentity();
  const now = hub.clock.now();
  const cli = { id: "cli", mode: "cli" };
  const web = { id: "moltbot-control-ui", mode: "ui" };
  const paired = generateIdentity();
  t.ok((await open(t, hub).connect({ identity: paired })).ok);
  const revoked = generateIdentity();
  const hello = (await open(t, hub).connect({ identity: revoked })).payload as unknown as {
    auth: { deviceToken: string };
  };
  await hub.devices.revokeToken(revoked.deviceId, "operator", ANNA);
  const missing = { code: "AUTH_TOKEN_MISSING", authReason: "token_missing", canRetryWithDeviceToken: false };
  const mismatch = { code: "AUTH_TOKEN_MISMATCH", authReason: "token_mismatch" };
  const cases: Case[] = [
    {
      ...{ name: "neither device nor secret", options: { token: undefined }, code: "NOT_PAIRED" },
      ...{ message: "device identity required", details: { code: "DEVICE_IDENTITY_REQUIRED" } },
    },
    {
      ...{ name: "a node without a device", options: { role: "node" }, code: "NOT_PAIRED" },
      ...{ message: "device identity required", details: { code: "DEVICE_IDENTITY_REQUIRED" } },
    },
    {
      ...{ name: "a control UI without a device", options: { client: { id: "openclaw-control-ui", mode: "ui" } } },
      code4: "NOT_PAIRED",
      message: "control ui requires HTTPS or localhost (secure context)",
      details: { code: "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" },
    },
    {
      ...{ name: "id of another key", options: { identity, device: { id: other.deviceId } } },
      message: "device identity mismatch",
      details: { code: "DEVICE_AUTH_DEVICE_ID_MISMATCH", reason: "device-id-mismatch" },
    },
    {
      ...{ name: "a key that is none", options: { identity, device: { publicKey: "AAAA" } } },
      message: "device public key invalid",
      details: { code: "DEVICE_AUTH_PUBLIC_KEY_INVALID", reason: "device-public-key" },
    },
    {
      ...{ name: "signed too long ago", options: { identity, signedAt: now - 600_001 } },
      message: "device signature expired",
      details: { code: "DEVICE_AUTH_SIGNATURE_EXPIRED", reason: "device-signature-stale" },
    },
    {
      ...{ name: "signed too far ahead", options: { identity, signedAt: now + 600_001 } },
      message: "device signature expired",
      details: { code: "DEVICE_AUTH_SIGNATURE_EXPIRED" },
    },
    {
      ...{ name: "remote without nonce", options: { identity, nonce: null }, remote: true },
      message: "device nonce required",
      details: { code: "DEVICE_AUTH_NONCE_REQUIRED", reason: "device-nonce-missing" },
    },
    {
      ...{ name: "nonce of another connection", options: { identity, nonce: "0000" } },
      message: "device nonce mismatch",
      details: { code: "DEVICE_AUTH_NONCE_MISMATCH", reason: "device-nonce-mismatch" },
    },
    {
      ...{ name: "signature of another key", options: { identity, device: { signature: "A".repeat(86) } } },
      message: "device signature invalid",
      details: { code: "DEVICE_AUTH_SIGNATURE_INVALID", reason: "device-signature" },
    },
    {
      ...{ name: "no secret, command line", options: { identity, token: undefined, client: cli } },
      message: "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)",
      details: { ...missing, recommendedNextStep: "update_auth_configuration" },
    },
    {
      ...{ name: "no secret, browser", options: { identity, token: undefined, client: web } },
      message:
        "unauthorized: gateway token missing (open a tokenized dashboard URL or paste token in Control UI settings)",
      details: missing,
    },
    {
      ...{ name: "no secret, others", options: { identity, token: undefined } },
      message: "unauthorized: gateway token missing (provide gateway auth token)",
      details: missing,
    },
    {
      ...{ name: "wrong token", options: { identity, token: "wrong" } },
      message: "unauthorized: gateway token mismatch (provide gateway auth token)",
      details: { ...mismatch, canRetryWithDeviceToken: false, recommendedNextStep: "update_auth_credentials" },
    },
    {
      ...{ name: "wrong token, no device", options: { token: "wrong" } },
      message: "unauthorized: gateway token mismatch (provide gateway auth token)",
      details: mismatch,
    },
    {
      ...{ name: "wrong token of a device that has its own", options: { identity: paired, token: "wrong" } },
      message: "unauthorized: gateway token mismatch (provide gateway auth token)",
      details: { ...mismatch, canRetryWithDeviceToken: true, recommendedNextStep: "retry_with_device_token" },
    },
    {
      ...{ name: "a revoked token in the old place", options: { identity: revoked, token: hello.auth.deviceToken } },
      message: "unauthorized: gateway token mismatch (provide gateway auth token)",
      details: { ...mismatch, canRetryWithDeviceToken: false },
    },
    {
      ...{ name: "a revoked token in its place" },
      options: { identity: revoked, auth: { token: hello.auth.deviceToken, deviceToken: hello.auth.deviceToken } },
      message: "unauthorized: device token mismatch (rotate/reissue device token)",
      details: { code: "AUTH_DEVICE_TOKEN_MISMATCH", authReason: "device_token_mismatch" },
    },
    {
      ...{ name: "a bootstrap token that nobody made", options: { identity, auth: { bootstrapToken: "guess" } } },
      message: "unauthorized: bootstrap token invalid or expired",
      details: { code: "AUTH_BOOTSTRAP_TOKEN_INVALID", authReason: "bootstrap_token_invalid" },
    },
    {
      name: "an agent of another gateway",
      options: { identity, auth: { token: TOKEN, agentRuntimeIdentityToken: "x" } },
      message: "unauthorized: the agent runtime identity is not one of this gateway",
      details: { code: "AUTH_UNAUTHORIZED" },
    },
  ];
  for (const { name, options, remote, code = "INVALID_REQUEST", code4 = code, message, details } of cases) {
    for (const protocol of [3, 4]) {
      const client = open(t, hub, remote ? REMOTE : {});
      const params = { minProtocol: protocol, maxProtocol: protocol };
      const answer = await client.connect({ ...options, params });
      t.match(answer.error, { code: protocol === 3 ? code : code4, message, details }, `${name}, protocol ${protocol}`);
      t.equal(readConnectErrorDetailCode(answer.error?.details), details.code);
      t.same(await client.closed, { code: 1008, reason: message.slice(0, 120) }, name);
    }
  }
  t.equal(hub.gateway.clients, 1, "of the two that were let in, the revoked one is gone");
});

t.test("an unpaired client is told what it waits for, each protocol in its own words", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const admin = await operator(t, hub);
  const ask = async (options: ConnectOptions, protocol = 4) => {
    const client = open(t, hub, REMOTE);
    const params = { minProtocol: protocol, maxProtocol: protocol };
    const { error } = await client.connect({ identity, signature: protocol === 4 ? 3 : 2, ...options, params });
    return { error, closed: await client.closed, pairing: readPairingConnectErrorDetails(error?.details) };
  };
  const scopes = ["operator.read"];
  const first = await ask({ scopes });
  t.match(first.error, {
    code: "NOT_PAIRED",
    message: "pairing required: device is not approved yet",
    retryable: true,
  });
  t.match(first.pairing, {
    ...{ reason: "not-paired", deviceId: identity.deviceId, requestedRole: "operator", requestedScopes: scopes },
    ...{ recommendedNextStep: "wait_then_retry", retryable: true, pauseReconnect: false, remediationHint: String },
  });
  const requestId = first.pairing?.requestId ?? "";
  t.same(first.closed, { code: 1008, reason: `${first.error?.message} (requestId: ${requestId})` });
  const older = await ask({ scopes }, 3);
  t.match(older.error, { code: "NOT_PAIRED", message: "pairing required", details: { requestId } });
  t.same(older.closed, { code: 1008, reason: "pairing required" });

  await admin.call("device.pair.approve", { requestId });
  t.match((await ask({ scopes: ["operator.read", "operator.write"] })).pairing, {
    ...{ reason: "scope-upgrade", approvedScopes: scopes, requestedScopes: ["operator.read", "operator.write"] },
  });
  t.match((await ask({ role: "node", client: { id: "node-host", mode: "node" } })).pairing, {
    ...{ reason: "role-upgrade", requestedRole: "node", approvedRoles: ["operator"] },
  });
  t.match((await ask({ scopes, client: { platform: "android 15" } })).pairing, { reason: "metadata-upgrade" });
  const update = open(t, hub, REMOTE);
  t.ok(
    (await update.connect({ identity, scopes, client: { platform: "Linux 7.0" } })).ok,
    "an update is no other machine",
  );

  const [waiting] = hub.devices.pending();
  await admin.call("device.pair.reject", { requestId: waiting?.requestId });
  await hub.devices.block(identity.deviceId, ANNA);
  const blocked = await ask({ scopes });
  t.match(blocked.error, { code: "NOT_PAIRED", message: /is blocked/ });
  t.match(blocked.pairing, { pauseReconnect: true, recommendedNextStep: "review_auth_configuration" });
});

t.test("a narrowed device token is told apart from a wrong one", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  t.ok((await open(t, hub).connect({ identity, scopes: ["operator.admin"] })).ok);
  const { token } = await hub.devices.rotateToken(identity.deviceId, "operator", ["operator.read"], ANNA);
  const narrow = await open(t, hub).connect({ identity, token, scopes: ["operator.write"], params: V4 });
  t.match(narrow.error, { message: /scope mismatch/, details: { code: "AUTH_SCOPE_MISMATCH" } });
  const fitting = await open(t, hub).connect({ identity, token, scopes: ["operator.read"], params: V4 });
  t.match(fitting.payload, { auth: { deviceToken: token, scopes: ["operator.read"] } });
});

t.test("an address that keeps guessing is locked out, but for devices that hold their own token", async (t) => {
  const hub = await testGateway(t);
  const identity = generateIdentity();
  const known = (await open(t, hub).connect({ identity })).payload as unknown as { auth: { deviceToken: string } };
  const guess = (headers = {}) => open(t, hub, headers).connect({ token: "wrong", params: V4 });
  const proxied = await testGateway(t, { trustedProxies: ["127.0.0.1"] });
  const from = (ip: string, token: string) =>
    open(t, proxied, { "x-forwarded-for": ip }).connect({ token, params: V4, client: { id: "cli", mode: "cli" } });
  for (let i = 0; i < 10; i++) t.match((await from("10.0.0.9", "wrong")).error, { message: /token mismatch/ });
  const lockedOut = await from("10.0.0.9", TOKEN);
  t.match(lockedOut.error, {
    ...{ retryable: true, retryAfterMs: 300_000, message: /^unauthorized: too many failed authentication attempts/ },
    details: { code: "AUTH_RATE_LIMITED", authReason: "rate_limited", recommendedNextStep: "wait_then_retry" },
  });
  t.match(proxied.counters.snapshot(), { "gateway.refused.secret": 10, "gateway.refused.locked": 1 });
  t.ok((await from("10.0.0.8", TOKEN)).ok, "another address is not");
  await proxied.clock.advance(300_000);
  t.ok((await from("10.0.0.9", TOKEN)).ok, "nor this one for ever");

  for (let i = 0; i < 100; i++) await guess();
  t.match(
    (await guess()).error,
    { details: { code: "AUTH_RATE_LIMITED" } },
    "this machine has more tries, not endless ones",
  );
  t.ok((await open(t, hub).connect({ identity, token: known.auth.deviceToken })).ok);
});

t.test("a password works in either place, and is asked for by name", async (t) => {
  const password = "a shared password";
  const hub = await testGateway(t, { password });
  const identity = generateIdentity();
  const connect = (auth: Record<string, string>, client?: Record<string, string>) =>
    open(t, hub).connect({ identity, auth, ...(client === undefined ? {} : { client }), params: V4, signature: 3 });
  t.ok((await connect({ password })).ok);
  t.ok((await connect({ token: password, password })).ok, "a control UI sends it twice");
  t.ok((await connect({ token: TOKEN })).ok, "the token stays good");
  t.match((await connect({ password: "wrong" })).error, {
    message: "unauthorized: gateway password mismatch (provide gateway auth password)",
    details: { code: "AUTH_PASSWORD_MISMATCH", authReason: "password_mismatch" },
  });
  t.match((await connect({}, { id: "cli", mode: "cli" })).error, {
    message: "unauthorized: gateway password missing (set gateway.remote.password to match gateway.auth.password)",
    details: { code: "AUTH_PASSWORD_MISSING" },
  });
  t.match((await connect({}, { id: "openclaw-control-ui", mode: "webchat" })).error, {
    message: "unauthorized: gateway password missing (enter the password in Control UI settings)",
  });
});
