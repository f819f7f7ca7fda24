import { generateIdentity, mqttPassword } from "@barnacle/protocol/identity";
import fc from "fast-check";
import t from "tap";
import type { Devices } from "../services.ts";
import { ANNA, connectNode, manifestOf, pairedNode, SITE, testRegistry } from "./testing.ts";

const IP = "192.168.1.20";
const AGENT = { agentVersion: "0.1.0" };

type Heard = (readonly [string, unknown])[];

function presenceOf(devices: Devices): Heard {
  const heard: Heard = [];
  devices.events.on("presence", ({ online, reason }) => heard.push([online ? "on" : "off", reason]));
  return heard;
}

t.test("R10.1 only a larger incarnation is admitted, whatever is replayed, over restarts too", async (t) => {
  const test = await testRegistry(t);
  const node = await pairedNode(test.devices);
  let newest = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant("restart" as const)), { maxLength: 12 }),
      async (attempts) => {
        for (const attempt of attempts) {
          if (attempt === "restart") {
            await test.restart();
            continue;
          }
          const outcome = await test.devices.admit(node.deviceId, mqttPassword(node, SITE, attempt), IP).then(
            () => "admitted",
            (error) => error.code,
          );
          t.equal(outcome, attempt > newest ? "admitted" : "PROOF_INVALID");
          newest = Math.max(newest, attempt);
        }
      },
    ),
    { numRuns: 25 },
  );
  await test.devices.remove(node.deviceId);
  t.ok(
    await test.devices.pairGateway({
      deviceId: node.deviceId,
      publicKey: node.publicKey,
      role: "node",
      scopes: [],
      silent: true,
    }),
  );
  await t.rejects(test.devices.admit(node.deviceId, mqttPassword(node, SITE, newest), IP), { code: "PROOF_INVALID" });
});

t.test("of two connections with one incarnation, one is admitted", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  const password = mqttPassword(node, SITE, 5);
  const results = await Promise.allSettled([
    devices.admit(node.deviceId, password, IP),
    devices.admit(node.deviceId, password, IP),
  ]);
  t.same(results.map((r) => r.status).sort(), ["fulfilled", "rejected"]);
});

t.test("R10.1 strangers, operators, foreign proofs and blocked devices are not admitted", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  const stranger = generateIdentity();
  await t.rejects(devices.admit(stranger.deviceId, mqttPassword(stranger, SITE, 1), IP), { code: "NOT_PAIRED" });
  await devices.pairGateway({
    deviceId: stranger.deviceId,
    publicKey: stranger.publicKey,
    role: "operator",
    scopes: [],
    silent: true,
  });
  await t.rejects(devices.admit(stranger.deviceId, mqttPassword(stranger, SITE, 1), IP), { code: "NOT_PAIRED" });
  await t.rejects(devices.admit(node.deviceId, mqttPassword(stranger, SITE, 1), IP), { code: "PROOF_INVALID" });
  await t.rejects(devices.admit(node.deviceId, mqttPassword(node, "other", 1), IP), { code: "PROOF_INVALID" });
  await t.rejects(devices.admit(node.deviceId, "secret", IP), { code: "PROOF_INVALID" });
  await t.rejects(devices.admit(node.deviceId, mqttPassword(node, SITE, Number.MAX_SAFE_INTEGER + 2), IP), {
    code: "PROOF_INVALID",
  });
  await devices.block(node.deviceId);
  await t.rejects(devices.admit(node.deviceId, mqttPassword(node, SITE, 1), IP), { code: "DEVICE_BLOCKED" });
});

t.test("R10.5 presence is told once per change, and late news of an old connection is ignored", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  const heard = presenceOf(devices);
  await connectNode(devices, node, 1);
  await connectNode(devices, node, 2);
  await devices.setState(node.deviceId, { status: "offline", incarnation: 1, reason: "lost", ...AGENT }, "mqtt");
  await devices.disconnected(node.deviceId, 1, "socket closed");
  await devices.setState(node.deviceId, { status: "online", incarnation: 1, ...AGENT }, "mqtt");
  t.match(devices.get(node.deviceId), { online: true, incarnation: 2, transport: "mqtt" });
  await devices.setState(node.deviceId, { status: "offline", incarnation: 2, reason: "stopping", ...AGENT }, "mqtt");
  await devices.disconnected(node.deviceId, 2, "socket closed");
  t.same(heard, [
    ["on", "online"],
    ["off", "stopping"],
  ]);
});

t.test("between the admission of a new connection and its birth, the end of the old one is no news", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  await connectNode(devices, node, 1);
  const heard = presenceOf(devices);
  await devices.admit(node.deviceId, mqttPassword(node, SITE, 2), IP);
  await devices.setState(node.deviceId, { status: "offline", incarnation: 1, reason: "lost", ...AGENT }, "mqtt");
  t.same(heard, []);
  await devices.disconnected(node.deviceId, 2, "never spoke");
  t.same(heard, [["off", "never spoke"]]);
});

t.test("R10.5 a node that misses three beats goes offline, and is back when it is heard again", async (t) => {
  const { devices, clock } = await testRegistry(t);
  const node = await pairedNode(devices);
  await connectNode(devices, node, 1);
  const heard = presenceOf(devices);
  for (let i = 0; i < 4; i++) {
    await clock.advance(30_000);
    devices.setTelemetry(node.deviceId, { uptimeS: i });
  }
  t.same(heard, []);
  await clock.advance(55_000);
  t.same(heard, [["off", "nothing heard for 45 s"]]);
  devices.touch(node.deviceId);
  t.same(heard.at(-1), ["on", "heard again"]);
  clock.jumpTo(clock.now() + 86_400_000);
  await clock.advance(5_000);
  t.equal(heard.length, 2, "a jump of the wall clock is not silence");
});

t.test("R10.5 a native node over WebSocket is online while its newest socket is, however quiet it keeps", async (t) => {
  const { devices, clock } = await testRegistry(t);
  const { deviceId, publicKey } = generateIdentity();
  await devices.pairGateway({ deviceId, publicKey, role: "node", scopes: [], silent: true });
  const heard = presenceOf(devices);
  for (const incarnation of [1, 2])
    await devices.setState(deviceId, { status: "online", incarnation, ...AGENT }, "websocket");
  await clock.advance(600_000);
  await devices.disconnected(deviceId, 1, "replaced");
  t.match(devices.get(deviceId), { online: true, transport: "websocket" });
  await devices.disconnected(deviceId, 2, "closed");
  t.same(heard, [
    ["on", "online"],
    ["off", "closed"],
  ]);
});

t.test("R10.6 a device on both transports is online until it has left both", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  const heard = presenceOf(devices);
  await connectNode(devices, node, 3);
  await devices.setState(node.deviceId, { status: "online", incarnation: 900, ...AGENT }, "websocket");
  await devices.disconnected(node.deviceId, 900, "closed");
  t.match(devices.get(node.deviceId), { online: true, transport: "mqtt", incarnation: 3 });
  await devices.setState(node.deviceId, { status: "online", incarnation: 901, ...AGENT }, "websocket");
  await devices.setState(node.deviceId, { status: "offline", incarnation: 3, ...AGENT }, "mqtt");
  t.match(devices.get(node.deviceId), { online: true, transport: "websocket" });
  await devices.disconnected(node.deviceId, undefined, "all gone");
  t.same(
    heard.map(([what]) => what),
    ["on", "off"],
  );
});

t.test("R10.3 blocking and removing close live connections at once; news of a removed device is ignored", async (t) => {
  const { devices } = await testRegistry(t);
  const [first, second] = [await pairedNode(devices), await pairedNode(devices)];
  await connectNode(devices, first, 1);
  const heard: unknown[] = [];
  for (const name of ["presence", "changed", "removed", "revoked"] as const)
    devices.events.on(name, () => heard.push(name));
  t.match(await devices.block(first.deviceId, ANNA), { online: false, blocked: true });
  t.same(heard, ["changed", "revoked", "presence"]);
  await devices.setState(first.deviceId, { status: "online", incarnation: 1, ...AGENT }, "mqtt");
  t.equal(devices.get(first.deviceId)?.online, false);
  heard.length = 0;
  await devices.remove(second.deviceId, ANNA);
  t.same(heard, ["revoked", "removed"]);
  await devices.setState(second.deviceId, { status: "online", incarnation: 1, ...AGENT }, "mqtt");
  await devices.disconnected(second.deviceId, 1, "closed");
  await devices.setManifest(second.deviceId, manifestOf());
  devices.setTelemetry(second.deviceId, {});
  devices.touch(second.deviceId);
  t.equal(devices.get(second.deviceId), undefined);
  await t.rejects(devices.rename(second.deviceId, "x"), { code: "DEVICE_UNKNOWN" });
});

t.test("everything known of a device is there after a restart", async (t) => {
  const test = await testRegistry(t);
  const node = await pairedNode(test.devices);
  await connectNode(test.devices, node, 1);
  test.devices.setTelemetry(node.deviceId, { temperatureC: 51 });
  await test.devices.rename(node.deviceId, " Old stove ", ANNA);
  await test.devices.setRoom(node.deviceId, "scullery", ANNA);
  const before = test.devices.get(node.deviceId);
  await test.clock.advance(10_000);
  await test.restart();
  const { online: _, transport: __, connectedAtMs: ___, ...kept } = before ?? { online: false };
  t.match(test.devices.get(node.deviceId), { ...kept, displayName: "Old stove", room: "scullery", online: false });
  t.match(await test.devices.setRoom(node.deviceId, undefined), { room: "kitchen" });
  await t.rejects(test.devices.rename(node.deviceId, "  "), { code: "INPUT_INVALID" });
  await t.rejects(test.devices.setRoom(node.deviceId, "x".repeat(49)), { code: "INPUT_INVALID" });
});

t.test("last-seen times and telemetry that cannot be saved stay in memory and are saved later", async (t) => {
  const test = await testRegistry(t);
  const node = await pairedNode(test.devices);
  test.devices.setTelemetry(node.deviceId, { uptimeS: 9 });
  test.store.db.exec("CREATE TEMP TRIGGER full BEFORE INSERT ON device_telemetry BEGIN SELECT RAISE(ABORT, 'no'); END");
  await test.clock.advance(10_000);
  t.equal(test.store.one("SELECT count(*) AS n FROM device_telemetry")?.n, 0);
  test.store.db.exec("DROP TRIGGER full");
  await test.clock.advance(10_000);
  t.equal(test.store.one("SELECT count(*) AS n FROM device_telemetry")?.n, 1);
});

t.test("a manifest is stored and told only when it changes", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices);
  let changes = 0;
  devices.events.on("changed", () => changes++);
  await connectNode(devices, node, 1);
  await devices.setManifest(node.deviceId, manifestOf());
  t.equal(changes, 1);
  const device = devices.get(node.deviceId);
  t.equal(devices.get(node.deviceId), device, "the same picture until something changes");
  await devices.setManifest(node.deviceId, manifestOf({ name: "Stove" }));
  t.equal(changes, 2);
  t.equal(device?.displayName, "Kitchen node", "an old picture does not move");
  t.equal(devices.get(node.deviceId)?.displayName, "Stove");
});

t.test("a device is found by id, by a unique beginning of it, or by name", async (t) => {
  const { devices } = await testRegistry(t);
  const node = await pairedNode(devices, "Kitchen");
  t.equal(devices.find(node.deviceId).deviceId, node.deviceId);
  t.equal(devices.find(node.deviceId.slice(0, 6)).deviceId, node.deviceId);
  t.equal(devices.find("kitchen").deviceId, node.deviceId);
  t.throws(() => devices.find(node.deviceId.slice(0, 5)), { code: "DEVICE_UNKNOWN" });
  t.throws(() => devices.find("cellar"), { code: "DEVICE_UNKNOWN", message: /cellar/ });
  await pairedNode(devices, "Kitchen");
  t.throws(() => devices.find("Kitchen"), { code: "CONFLICT", message: /Kitchen \(/ });
});

t.test("tokens are made once per role, checked by scope, rotated, revoked and never kept in clear", async (t) => {
  const test = await testRegistry(t);
  const { deviceId, publicKey } = generateIdentity();
  const scopes = ["operator.read", "operator.write"];
  await t.rejects(test.devices.ensureToken(deviceId, "operator", scopes), { code: "NOT_PAIRED" });
  await test.devices.pairGateway({ deviceId, publicKey, role: "operator", scopes, silent: true });
  const made = await test.devices.ensureToken(deviceId, "operator", ["operator.read"]);
  const token = made?.token ?? "";
  t.match(token, /^[0-9a-f]{32}$/);
  t.equal(
    await test.devices.ensureToken(deviceId, "operator", ["operator.read"]),
    undefined,
    "the client has it already",
  );
  t.ok(test.devices.verifyToken(deviceId, "operator", token));
  t.notOk(test.devices.verifyToken(deviceId, "node", token), "another role");
  t.notOk(test.devices.verifyToken(deviceId, "operator", `${token}0`));
  t.notOk(test.devices.verifyToken("0".repeat(64), "operator", token));
  const wider = await test.devices.ensureToken(deviceId, "operator", scopes);
  t.notOk(test.devices.verifyToken(deviceId, "operator", token), "replaced by the wider one");
  await test.restart();
  t.ok(test.devices.verifyToken(deviceId, "operator", wider?.token ?? ""));
  const usedAt = test.clock.now();
  await test.devices.setState(deviceId, { status: "online", incarnation: 1, ...AGENT }, "websocket");
  await test.restart();
  t.match(test.devices.get(deviceId)?.tokens, [{ role: "operator", lastUsedAtMs: usedAt }]);

  const revoked: unknown[] = [];
  test.devices.events.on("revoked", (event) => revoked.push(event.reason));
  await t.rejects(test.devices.rotateToken(deviceId, "operator", ["operator.admin"]), { code: "FORBIDDEN" });
  await t.rejects(test.devices.rotateToken(deviceId, "node", undefined), { code: "DEVICE_UNKNOWN" });
  const rotated = await test.devices.rotateToken(deviceId, "operator", undefined, ANNA);
  t.notOk(test.devices.verifyToken(deviceId, "operator", wider?.token ?? ""));
  t.ok(test.devices.verifyToken(deviceId, "operator", rotated.token));
  t.match(await test.devices.revokeToken(deviceId, "operator", ANNA), {
    role: "operator",
    revokedAtMs: test.clock.now(),
  });
  t.notOk(test.devices.verifyToken(deviceId, "operator", rotated.token));
  t.same(revoked, ["token rotated", "token revoked"]);
  const again = await test.devices.ensureToken(deviceId, "operator", ["operator.read"]);
  t.same(again?.entry.scopes, ["operator.read"], "a revoked token is replaced, without its old scopes");
  await test.devices.block(deviceId);
  t.notOk(test.devices.verifyToken(deviceId, "operator", again?.token ?? ""));

  const shown = JSON.stringify([
    test.devices.list(),
    await test.audit.list(),
    test.store.all("SELECT * FROM device_tokens"),
  ]);
  for (const secret of [token, wider?.token, rotated.token, again?.token]) t.notMatch(shown, secret ?? "");
  t.notMatch(JSON.stringify(test.devices.list()), /hash/);
});
