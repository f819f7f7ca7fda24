import { generateIdentity } from "@barnacle/protocol/identity";
import fc from "fast-check";
import t from "tap";
import type { DeviceEvents, GatewayPairing } from "../services.ts";
import { ANNA, connectNode, manifestOf, pairedNode, pairNode, pairRequest, testRegistry } from "./testing.ts";

const IP = "192.168.1.20";

t.test("a node with a setup code is paired at once, and the code is spent", async (t) => {
  const test = await testRegistry(t);
  const { code, expiresAtMs } = await test.devices.createSetupCode({ by: ANNA, room: "attic" });
  t.match(code, /^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/);
  t.equal(expiresAtMs, test.clock.now() + 600_000);
  const node = generateIdentity();
  const typed = code.toLowerCase().replace("-", " ");
  t.match(await pairNode(test.devices, node, { setupCode: typed }), {
    status: "paired",
    site: "home",
    mqtt: { port: 1883 },
  });
  t.match(test.devices.get(node.deviceId), { approvedBy: "setup-code", room: "attic", roles: ["node"], online: false });
  t.match(await pairNode(test.devices, node), { status: "paired" }, "asking again is harmless");
  await t.rejects(pairNode(test.devices, generateIdentity(), { setupCode: code }), { code: "PAIRING_CODE_WRONG" });
  const late = await test.devices.createSetupCode({ by: ANNA, ttlMs: 1_000 });
  await test.clock.advance(1_000);
  await t.rejects(pairNode(test.devices, generateIdentity(), { setupCode: late.code }), { code: "PAIRING_CODE_WRONG" });
  const stored = JSON.stringify([test.store.all("SELECT * FROM setup_codes"), await test.audit.list()]);
  t.notMatch(stored, code);
  t.notMatch(stored, code.replace("-", ""));
});

t.test("possession of the key is proven with a nonce that is fresh, the device's own, and used once", async (t) => {
  const { devices, clock } = await testRegistry(t);
  const [node, other] = [generateIdentity(), generateIdentity()];
  const { nonce } = await devices.challenge(node.deviceId);
  const request = pairRequest(node, nonce);
  t.match(await devices.pair(request, IP), { status: "pending" });
  await t.rejects(devices.pair(request, IP), { code: "PROOF_INVALID", message: /nonce/ }, "replayed");

  const second = (await devices.challenge(node.deviceId)).nonce;
  await t.rejects(devices.pair(pairRequest(other, second), IP), { code: "PROOF_INVALID" }, "another's nonce");
  const stolen = pairRequest(other, second);
  const posing = { ...stolen, device: { ...stolen.device, id: node.deviceId } };
  await t.rejects(devices.pair(posing, IP), { code: "PROOF_INVALID", message: /hash/ }, "another's id");

  const third = (await devices.challenge(node.deviceId)).nonce;
  const altered = { ...pairRequest(node, third), setupCode: "ABCD2345" };
  await t.rejects(devices.pair(altered, IP), { code: "PROOF_INVALID", message: /signature/ }, "code added on the way");

  const fourth = (await devices.challenge(node.deviceId)).nonce;
  await clock.advance(120_000);
  await t.rejects(devices.pair(pairRequest(node, fourth), IP), { code: "PROOF_INVALID" }, "too late");

  const first = (await devices.challenge(node.deviceId)).nonce;
  for (let i = 0; i < 1_000; i++) await devices.challenge(i.toString(16).padStart(64, "0"));
  await t.rejects(devices.pair(pairRequest(node, first), IP), { code: "PROOF_INVALID" }, "forgotten in a flood");
});

t.test("however wrong codes are spread in time, no device tries more than five in fifteen minutes", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 8 * 60 }), { maxLength: 25 }), async (pauses) => {
      const test = await testRegistry(t);
      const node = generateIdentity();
      const tried: number[] = [];
      for (const [i, pause] of pauses.entries()) {
        await test.clock.advance(pause * 1000);
        if (i % 7 === 6) await test.restart();
        const error = await pairNode(test.devices, node, { setupCode: "WRONG234", ip: "127.0.0.1" }).catch((e) => e);
        if (error.code === "PAIRING_CODE_WRONG") tried.push(test.clock.now());
        else t.equal(error.code, "PAIRING_LOCKED");
      }
      for (const [i, at] of tried.entries()) {
        const sixth = tried[i + 5];
        if (sixth !== undefined && sixth - at < 15 * 60_000) return false;
      }
      return tried.length >= Math.min(5, pauses.length);
    }),
    { numRuns: 20 },
  );
});

t.test("R10.2 after five wrong codes even the right one is refused until the lock ends", async (t) => {
  const { devices, clock } = await testRegistry(t);
  const { code } = await devices.createSetupCode({ by: ANNA, ttlMs: 3_600_000 });
  const node = generateIdentity();
  const tries = Array.from({ length: 12 }, () => pairNode(devices, node, { setupCode: "WRONG234", ip: "127.0.0.1" }));
  const codes = (await Promise.allSettled(tries)).map((r) => (r.status === "rejected" ? r.reason.code : "paired"));
  t.ok(codes.filter((c) => c === "PAIRING_CODE_WRONG").length <= 5, "in parallel too");
  for (let i = 0; i < 5; i++) await pairNode(devices, node, { setupCode: "WRONG234" }).catch(() => undefined);
  await t.rejects(pairNode(devices, node, { setupCode: code }), {
    code: "PAIRING_LOCKED",
    details: { retryAfterMs: 900_000 },
  });
  t.match(await pairNode(devices, node), { status: "pending" }, "an operator can still approve it");
  await clock.advance(900_000);
  t.match(await pairNode(devices, node, { setupCode: code }), { status: "paired" });
});

t.test("one address cannot guess with many keys, and nobody can guess without end", async (t) => {
  const { devices, clock } = await testRegistry(t);
  const guess = (ip: string) =>
    pairNode(devices, generateIdentity(), { setupCode: "WRONG234", ip }).catch((error) => error.code);
  for (let i = 0; i < 5; i++) t.equal(await guess("::ffff:10.0.0.9"), "PAIRING_CODE_WRONG");
  t.equal(await guess("10.0.0.9"), "PAIRING_LOCKED");
  for (let i = 0; i < 45; i++) t.equal(await guess(i % 2 ? "127.0.0.1" : `10.0.1.${i}`), "PAIRING_CODE_WRONG");
  t.equal(await guess("10.0.2.1"), "PAIRING_LOCKED");
  await clock.advance(3_600_000);
  t.equal(await guess("10.0.2.1"), "PAIRING_CODE_WRONG");
});

t.test("R10.2 without a code an operator approves; repeats are the same request; it expires", async (t) => {
  const test = await testRegistry(t);
  const heard: [string, unknown][] = [];
  test.devices.events.on("pairRequested", ({ request }) => heard.push(["requested", request.requestId]));
  test.devices.events.on("pairResolved", ({ requestId, decision }) => heard.push([decision, requestId]));
  const node = generateIdentity();
  const first = await pairNode(test.devices, node);
  t.match(first, { status: "pending", expiresAt: test.clock.now() + 300_000 });
  const requestId = first.status === "pending" ? first.requestId : "";
  await test.clock.advance(1_000);
  t.match(await pairNode(test.devices, node), { requestId });
  await test.restart();
  t.match(test.devices.pending(), [{ requestId, displayName: "Kitchen node", commands: ["gpio.write", "talk.speak"] }]);
  t.match(await test.devices.approve(requestId, ANNA), { approvedBy: "anna", room: "kitchen" });
  t.match(await pairNode(test.devices, node), { status: "paired" });
  t.same(test.devices.pending(), []);
  await t.rejects(test.devices.approve(requestId, ANNA), { code: "REQUEST_UNKNOWN" });
  t.same(heard, [["requested", requestId]]);

  const late = await pairNode(test.devices, generateIdentity());
  await test.clock.advance(300_000);
  t.same(test.devices.pending(), []);
  await t.rejects(test.devices.approve(late.status === "pending" ? late.requestId : "", ANNA), {
    code: "REQUEST_UNKNOWN",
  });
});

t.test("a rejected device is told so until its request would have expired", async (t) => {
  const test = await testRegistry(t);
  const node = generateIdentity();
  const answer = await pairNode(test.devices, node);
  t.match(await test.devices.reject(answer.status === "pending" ? answer.requestId : "", ANNA), {
    deviceId: node.deviceId,
  });
  await t.rejects(pairNode(test.devices, node), { code: "PAIRING_REJECTED" });
  await test.restart();
  await t.rejects(pairNode(test.devices, node, { commands: ["other"] }), { code: "PAIRING_REJECTED" });
  await test.clock.advance(300_000);
  t.match(await pairNode(test.devices, node), { status: "pending" });
});

t.test("what an operator saw is what is approved: another ask is another request", async (t) => {
  const { devices } = await testRegistry(t);
  const node = generateIdentity();
  const modest = await pairNode(devices, node, { commands: ["talk.speak"] });
  const greedy = await pairNode(devices, node, { commands: ["talk.speak", "system.run"] });
  t.equal(devices.pending().length, 1);
  await t.rejects(devices.approve(modest.status === "pending" ? modest.requestId : "", ANNA), {
    code: "REQUEST_UNKNOWN",
  });
  t.ok(await devices.approve(greedy.status === "pending" ? greedy.requestId : "", ANNA));
});

t.test("one stranger cannot fill the list of requests: each address has its share of fifty", async (t) => {
  const test = await testRegistry(t);
  const { devices } = test;
  const ask = async (ip: string) => {
    await test.clock.advance(1);
    return devices.pairGateway(gateway({ remoteIp: ip }));
  };
  for (let i = 0; i < 5; i++) await ask("10.0.0.1");
  await t.rejects(ask("10.0.0.1"), { code: "PAIRING_LOCKED", message: /^5 .* this address/ });
  await t.rejects(pairNode(devices, generateIdentity(), { ip: "::ffff:10.0.0.1" }), { code: "PAIRING_LOCKED" });
  const { code } = await devices.createSetupCode({ by: ANNA });
  const byCode = await pairNode(devices, generateIdentity(), { ip: "10.0.0.1", setupCode: code });
  t.match(byCode, { status: "paired" }, "a setup code is not held up");
  for (let i = 0; i < 20; i++) await ask("127.0.0.1");
  await t.rejects(ask("::1"), { code: "PAIRING_LOCKED", message: /^20 / });

  const mine = await ask("192.168.1.7");
  for (let i = 0; i < 200; i++) await ask(`2001:db8:0:1::${i.toString(16)}`);
  t.equal(devices.pending().length, 50);
  const has = (ip: string) => devices.pending().filter(({ remoteIp }) => remoteIp === ip).length;
  t.same([has("192.168.1.7"), has("10.0.0.1"), has("2001:db8:0:1::c7")], [1, 5, 1], "the crowd loses its own oldest");
  t.match(await ask("192.168.1.8"), { status: "pending" });
  await test.restart();
  t.equal(test.devices.pending().length, 50);
  const requestId = mine.status === "pending" ? mine.request.requestId : "";
  t.ok(await test.devices.approve(requestId, ANNA));
});

t.test(
  "an administrator alone lets in what runs programs: no other's setup code, no approval that named no commands",
  async (t) => {
    const { devices } = await testRegistry(t);
    const names = ["gpio.write", "system.run", "fs.listDir"];
    const manifest = manifestOf({ commands: names.map((name) => ({ name, idempotent: false })) });
    const { code } = await devices.createSetupCode({ by: { ...ANNA, scopes: ["operator.pairing", "operator.write"] } });
    const [byCode, unnamed] = [generateIdentity(), generateIdentity()];
    await pairNode(devices, byCode, { setupCode: code, commands: names });
    const asked = await pairNode(devices, unnamed, { commands: [] });
    await devices.approve(asked.status === "pending" ? asked.requestId : "", ANNA);
    for (const node of [byCode, unnamed]) {
      await connectNode(devices, node, 1, manifest);
      t.same(devices.get(node.deviceId)?.unapprovedCommands, ["system.run", "fs.listDir"]);
      const request = devices.pending().find(({ deviceId }) => deviceId === node.deviceId);
      t.match(request, { kind: "surface", commands: names });
      await devices.approve(request?.requestId ?? "", ANNA);
      t.equal(devices.get(node.deviceId)?.unapprovedCommands, undefined);
    }
    const hers = generateIdentity();
    const herCode = await devices.createSetupCode({ by: ANNA });
    await pairNode(devices, hers, { setupCode: herCode.code, commands: names });
    await connectNode(devices, hers, 1, manifest);
    t.equal(devices.get(hers.deviceId)?.unapprovedCommands, undefined, "an administrator's code covers what it named");
  },
);

t.test("R10.4 new commands of a paired node need a fresh approval; fewer need none", async (t) => {
  const test = await testRegistry(t);
  const { devices } = test;
  const node = await pairedNode(devices);
  await connectNode(devices, node, 1, manifestOf({ commands: [{ name: "gpio.write", idempotent: true }] }));
  t.equal(devices.get(node.deviceId)?.unapprovedCommands, undefined);
  const more = manifestOf({
    commands: [
      { name: "gpio.write", idempotent: true },
      { name: "camera.snap", idempotent: false },
    ],
  });
  await devices.setManifest(node.deviceId, more);
  await devices.setManifest(node.deviceId, more);
  t.same(devices.get(node.deviceId)?.unapprovedCommands, ["camera.snap"]);
  t.match(devices.pending(), [{ deviceId: node.deviceId, isRepair: true, commands: ["gpio.write", "camera.snap"] }]);
  const request = devices.pending()[0];
  await devices.reject(request?.requestId ?? "", ANNA);
  await devices.setManifest(node.deviceId, more);
  t.same(devices.pending(), [], "a refusal stands");
  await devices.setManifest(node.deviceId, {
    ...more,
    commands: [...more.commands, { name: "camera.list", idempotent: true }],
  });
  t.equal(devices.pending().length, 1, "another ask is asked");
  await devices.approve(devices.pending()[0]?.requestId ?? "", ANNA);
  t.equal(devices.get(node.deviceId)?.unapprovedCommands, undefined);
});

function gateway(patch: Partial<GatewayPairing> = {}, identity = generateIdentity()): GatewayPairing {
  return {
    deviceId: identity.deviceId,
    publicKey: identity.publicKey,
    role: "operator",
    scopes: ["operator.read"],
    clientId: "cli",
    displayName: "laptop",
    silent: false,
    ...patch,
  };
}

t.test("gateway clients wait for approval, loopback ones are approved at once", async (t) => {
  const { devices } = await testRegistry(t);
  const resolved: DeviceEvents["pairResolved"][] = [];
  devices.events.on("pairResolved", (event) => resolved.push(event));
  const identity = generateIdentity();
  const asking = gateway({}, identity);
  const first = await devices.pairGateway(asking);
  t.match(first, { status: "pending", request: { isRepair: false } });
  t.same(await devices.pairGateway(asking), first, "the same request on repeats");
  await devices.approve(devices.pending()[0]?.requestId ?? "", ANNA);
  t.match(await devices.pairGateway(asking), { status: "paired" });

  const wider = gateway({ scopes: ["operator.read", "operator.admin"] }, identity);
  t.match(await devices.pairGateway(wider), { status: "pending", request: { isRepair: true } });
  t.match(await devices.pairGateway({ ...wider, silent: true }), {
    status: "paired",
    device: { approvedBy: "local", scopes: ["operator.admin", "operator.read"] },
  });
  t.match(await devices.pairGateway(gateway({ role: "node", scopes: [] }, identity)), { status: "pending" });
  t.equal(resolved.length, 2);

  await devices.pairGateway(gateway({ displayName: undefined, remoteIp: "10.0.0.7" }, identity));
  t.match(devices.get(identity.deviceId), { displayName: "laptop", remoteIp: "10.0.0.7" });
  await t.rejects(devices.pairGateway(gateway({ deviceId: "0".repeat(64) })), { code: "PROOF_INVALID" });
});

t.test("R10.3 a blocked key cannot pair again, by any way, until it is unblocked", async (t) => {
  const test = await testRegistry(t);
  const node = await pairedNode(test.devices);
  const { code } = await test.devices.createSetupCode({ by: ANNA });
  await test.devices.block(node.deviceId, ANNA);
  await t.rejects(test.devices.remove(node.deviceId, ANNA), { code: "CONFLICT" });
  await test.restart();
  await t.rejects(pairNode(test.devices, node), { code: "DEVICE_BLOCKED" });
  await t.rejects(pairNode(test.devices, node, { setupCode: code }), { code: "DEVICE_BLOCKED" });
  await t.rejects(test.devices.pairGateway(gateway({ silent: true }, node)), { code: "DEVICE_BLOCKED" });
  await test.devices.unblock(node.deviceId, ANNA);
  t.match(await pairNode(test.devices, node), { status: "paired" });
  await test.devices.remove(node.deviceId, ANNA);
  t.match(await pairNode(test.devices, node), { status: "pending" });
  const actions = (await test.audit.list()).map((record) => record.data.action);
  t.same(actions, ["created", "approved", "created", "blocked", "unblocked", "removed"]);
});

t.test("a pairing that cannot be audited does not happen, and the code stays good", async (t) => {
  const test = await testRegistry(t);
  const { code } = await test.devices.createSetupCode({ by: ANNA });
  const node = generateIdentity();
  test.store.db.exec("CREATE TEMP TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no space'); END");
  await t.rejects(pairNode(test.devices, node, { setupCode: code }), { code: "AUDIT_UNWRITABLE" });
  t.equal(test.devices.get(node.deviceId), undefined);
  test.store.db.exec("DROP TRIGGER full");
  t.match(await pairNode(test.devices, node, { setupCode: code }), { status: "paired" });
});
