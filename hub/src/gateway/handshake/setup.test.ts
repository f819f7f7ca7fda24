import { type DeviceIdentity, generateIdentity } from "@barnacle/protocol/identity";
import t from "tap";
import { v4Schemas } from "../conformance.ts";
import { type ConnectOptions, open, operator, REMOTE, type TestGateway, testGateway } from "../testing.ts";

const V4 = { minProtocol: 4, maxProtocol: 4 };
const fits = v4Schemas();

interface Setup {
  readonly setupId: string;
  readonly setupCode: string;
  readonly qrDataUrl?: string;
}

interface Hello {
  readonly auth: {
    readonly role: string;
    readonly scopes: string[];
    readonly deviceToken: string;
    readonly deviceTokens?: { deviceToken: string; role: string; scopes: string[] }[];
  };
}

async function hubWithAdmin(t: Parameters<typeof testGateway>[0]) {
  const endpoint = () => ({
    ...{ port: 18789, urls: ["wss://10.0.0.2:18789", "wss://10.0.0.3:18789"], urlSource: "gateway.bind=lan" },
    tlsFingerprint: "ab".repeat(32),
  });
  const hub = await testGateway(t, { endpoint });
  const admin = await operator(t, hub, { scopes: ["operator.admin"], params: V4 });
  const code = async (params: object = {}) => {
    const setup = await admin.call<Setup>("device.pair.setupCode", params);
    const payload = JSON.parse(Buffer.from(setup.setupCode, "base64url").toString()) as Record<string, string>;
    return { setup, payload, bootstrapToken: payload.bootstrapToken ?? "" };
  };
  return { hub, admin, code };
}

/** From another machine, with nothing but the code. */
function scan(t: Parameters<typeof open>[0], hub: TestGateway, bootstrapToken: string, options: ConnectOptions) {
  return open(t, hub, REMOTE).connect({ auth: { bootstrapToken }, params: V4, signature: 3, ...options });
}

const phone = (identity: DeviceIdentity): ConnectOptions => ({
  ...{ identity, role: "node", client: { id: "openclaw-android", mode: "node", platform: "android 15" } },
});

t.test("a phone app that scans a code is node and operator at once, with a token for each", async (t) => {
  const { hub, admin, code } = await hubWithAdmin(t);
  const { setup, payload, bootstrapToken } = await code();
  t.equal(fits("DevicePairSetupCodeResult", setup), undefined);
  t.match(setup, { access: "full", gatewayUrl: "wss://10.0.0.2:18789", urlSource: "gateway.bind=lan" });
  t.match(payload, {
    ...{ url: "wss://10.0.0.2:18789", urls: ["wss://10.0.0.2:18789", "wss://10.0.0.3:18789"] },
    ...{ bootstrapToken: String, expiresAtMs: hub.clock.now() + 600_000, tlsFingerprint: "ab".repeat(32) },
  });
  const identity = generateIdentity();
  const { auth } = (await scan(t, hub, bootstrapToken, phone(identity))).payload as unknown as Hello;
  t.match(auth, { role: "node", scopes: [], deviceToken: String, deviceTokens: [{ role: "operator" }] });
  const [other] = auth.deviceTokens ?? [];
  const scopes = ["operator.admin", "operator.approvals", "operator.read", "operator.write", "operator.talk.secrets"];
  t.same(other?.scopes, scopes);
  const app = await open(t, hub, REMOTE).connect({
    ...{ identity, token: other?.deviceToken, scopes: ["operator.read"], params: V4, signature: 3 },
    client: { id: "openclaw-android", mode: "ui", platform: "android 15" },
  });
  t.ok(app.ok, "the operator connection needs nothing else");

  const told = (await admin.event("device.pair.setup.completed")).payload;
  t.equal(fits("DevicePairSetupCompletedEvent", told), undefined);
  t.match(told, { setupId: setup.setupId, deviceId: identity.deviceId, access: "full" });
  const status = await admin.call("device.pair.setupStatus", { setupId: setup.setupId });
  t.equal(fits("DevicePairSetupStatusResult", status), undefined);
  t.match(status, { completion: { deviceId: identity.deviceId } });
  t.same(await admin.call("device.pair.setupStatus", { setupId: "none" }), {});
});

t.test("a code lets one device in, for ten minutes; that device may ask again when the answer was lost", async (t) => {
  const { hub, code } = await hubWithAdmin(t);
  const { bootstrapToken } = await code();
  const identity = generateIdentity();
  const first = (await scan(t, hub, bootstrapToken, phone(identity))).payload as unknown as Hello;
  const stolen = await scan(t, hub, bootstrapToken, phone(generateIdentity()));
  t.match(stolen.error, { details: { code: "AUTH_BOOTSTRAP_TOKEN_INVALID" } });
  const again = (await scan(t, hub, bootstrapToken, phone(identity))).payload as unknown as Hello;
  t.not(again.auth.deviceToken, first.auth.deviceToken, "what was lost is worth nothing any more");
  const old = await open(t, hub, REMOTE).connect({ ...phone(identity), token: first.auth.deviceToken, params: V4 });
  t.notOk(old.ok);
  const late = await code();
  await hub.clock.advance(600_000);
  t.match((await scan(t, hub, late.bootstrapToken, phone(generateIdentity()))).error, {
    details: { code: "AUTH_BOOTSTRAP_TOKEN_INVALID" },
  });
});

t.test("each kind of code gives what it was made for, and to its own kind of device only", async (t) => {
  const { hub, code } = await hubWithAdmin(t);
  const limited = await code({ bootstrapProfile: "limited" });
  const app = (await scan(t, hub, limited.bootstrapToken, phone(generateIdentity()))).payload as unknown as Hello;
  t.notOk(app.auth.deviceTokens?.[0]?.scopes.includes("operator.admin"));

  const host = { id: "node-host", mode: "node", platform: "linux" };
  const node = await code({ bootstrapProfile: "node" });
  t.match(node.setup, { access: "node" });
  const identity = generateIdentity();
  const hello = await scan(t, hub, node.bootstrapToken, {
    ...{ identity, role: "node", client: host, params: { ...V4, commands: ["gpio.read", "system.run"] } },
  });
  t.match(hello.payload, { auth: { role: "node", deviceTokens: undefined } });
  t.match(hub.devices.get(identity.deviceId), { approvalState: "approved" }, "its first commands came with it");

  const voice = await code({ bootstrapProfile: "voice-node" });
  const room = { id: "node-host", mode: "node", platform: "esp32-s3", deviceFamily: "ESP32" };
  const esp = (await scan(t, hub, voice.bootstrapToken, { identity: generateIdentity(), role: "node", client: room }))
    .payload as unknown as Hello;
  t.same(esp.auth.deviceTokens?.[0]?.scopes, ["operator.read", "operator.talk"]);
});

t.test("another device keeps the code and waits for a person; then the code is good for it", async (t) => {
  const { hub, admin, code } = await hubWithAdmin(t);
  const { bootstrapToken } = await code({ bootstrapProfile: "voice-node" });
  const linux = {
    ...{ identity: generateIdentity(), role: "node", client: { id: "node-host", mode: "node", platform: "linux" } },
  };
  const { error } = await scan(t, hub, bootstrapToken, linux);
  t.match(error, {
    code: "NOT_PAIRED",
    details: { reason: "not-paired", recommendedNextStep: "wait_then_retry", pauseReconnect: false },
  });
  await admin.call("device.pair.approve", { requestId: hub.devices.pending()[0]?.requestId });
  t.match((await scan(t, hub, bootstrapToken, linux)).payload, { auth: { role: "node", deviceToken: String } });
  t.notOk((await scan(t, hub, bootstrapToken, { ...linux, identity: generateIdentity() })).ok, "and is spent");
});

t.test("a code is for others: a hub of this machine alone has none, and a page to join by is not served", async (t) => {
  const hub = await testGateway(t);
  const admin = await operator(t, hub);
  t.match((await admin.request("device.pair.setupCode", {})).error, { message: /serves this machine only/ });
  t.match((await admin.request("device.pair.setupCode", { joinUrl: true })).error, { message: /no join page/ });
  const setup = await admin.call<Setup>("device.pair.setupCode", {
    publicUrl: "https://hub.example/",
    includeQr: false,
  });
  t.match(setup, { gatewayUrl: "wss://hub.example", urlSource: "request.publicUrl", qrDataUrl: undefined });
  const reader = await operator(t, hub, { scopes: ["operator.pairing"] });
  t.match((await reader.request("device.pair.setupCode", {})).error, { message: "missing scope: operator.admin" });
});

t.test("the picture of a code is the code", async (t) => {
  const { code } = await hubWithAdmin(t);
  const { setup } = await code();
  const png = Buffer.from((setup.qrDataUrl ?? "").replace("data:image/png;base64,", ""), "base64");
  t.same(png.subarray(0, 8), Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
  const width = png.readUInt32BE(16);
  t.equal(png.readUInt32BE(20), width, "square");
  const { inflateSync } = await import("node:zlib");
  const { encode } = await import("uqr");
  const start = png.indexOf("IDAT") + 4;
  const lines = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
  const { data, size } = encode(setup.setupCode, { ecc: "L", border: 4 });
  const stride = 1 + Math.ceil(width / 8);
  t.equal(lines.length, stride * width);
  const black = (x: number, y: number) => {
    const byte = lines[y * stride + 1 + (x >> 3)] ?? 0;
    return (byte & (0x80 >> (x & 7))) === 0;
  };
  const scale = width / size;
  const same = data.every((row, y) => row.every((dark, x) => black(x * scale + 1, y * scale + 1) === dark));
  t.ok(same, "module for module");
});
