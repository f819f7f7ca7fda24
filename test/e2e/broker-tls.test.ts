import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createServer, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { generateIdentity, mqttPassword } from "@barnacle/protocol/identity";
import { filterFor, topicFor } from "@barnacle/protocol/mqtt";
import { HUB_NAME, siteName } from "@barnacle/protocol/pairing";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { testBroker, until } from "../../hub/src/broker/testing.ts";
import { pairedNode, SITE } from "../../hub/src/devices/testing.ts";
import { HubCertificates, machineNames } from "../../hub/src/tls/index.ts";
import { openSession } from "../../node-agent/src/link/index.ts";
import { secureSocket } from "../../node-agent/src/pairing/index.ts";

const DAY_MS = 24 * 60 * 60_000;
const HOST = "127.0.0.1";

/** The certificates of a hub; its site is `home`. */
async function certificatesOf(t: Test, clock = new FakeClock(Date.now())) {
  const { hosts, addresses } = machineNames();
  const names = () => ({ hosts: [...hosts, HUB_NAME, siteName(SITE)], addresses });
  const stateDir = t.testdir({ [`hub-${Math.random().toString(36).slice(2)}`]: {} });
  const certificates = new HubCertificates({ stateDir, hubName: "Test", names, clock, log: silentLog });
  await certificates.start();
  t.teardown(() => certificates.stop());
  return certificates;
}

async function secureBroker(t: Test, certificates: HubCertificates) {
  const hub = await testBroker(t, { secure: { host: HOST, port: 0, source: certificates } });
  return { hub, port: hub.broker.tlsPort as number };
}

function sessionOf(port: number, identity: ReturnType<typeof generateIdentity>, incarnation: number, pem: string) {
  const { deviceId } = identity;
  return openSession({
    ...{ host: HOST, port, tls: true, site: SITE, authority: pem, clientId: deviceId },
    password: mqttPassword(identity, SITE, incarnation),
    will: { topic: topicFor({ site: SITE, node: deviceId }, "state"), payload: Buffer.from("{}") },
    message: () => {},
  });
}

t.test("R10.1 over TLS a paired node comes in by its key, an unpaired one and a wrong key do not", async (t) => {
  const certificates = await certificatesOf(t);
  const { hub, port } = await secureBroker(t, certificates);
  const node = await pairedNode(hub.devices);
  const { authority } = certificates.material;
  const options = (identity: typeof node, incarnation: number, signer = identity) => ({
    ...{ host: HOST, port, tls: true, site: SITE, authority, clientId: identity.deviceId, message: () => {} },
    password: mqttPassword(signer, SITE, incarnation),
    will: {
      topic: topicFor({ site: SITE, node: identity.deviceId }, "state"),
      payload: Buffer.from(
        JSON.stringify({
          ...{ v: 1, id: "w", ts: 1 },
          body: { status: "offline", incarnation, agentVersion: "1", reason: "lost" },
        }),
      ),
    },
  });
  const session = await openSession(options(node, 1));
  await session.subscribe([filterFor({ site: SITE, node: node.deviceId }, "config")]);
  const stranger = generateIdentity();
  await t.rejects(openSession(options(stranger, 1)), { code: "NOT_PAIRED" });
  await t.rejects(openSession(options(node, 2, stranger)), { code: "NOT_PAIRED" });
  const other = filterFor({ site: SITE, node: stranger.deviceId }, "config");
  await t.rejects(session.subscribe([other]), "another device's topic ends the connection");
  await session.closed;
  t.equal(hub.broker.faultsOf(node.deviceId)["violation.subscribe"], 1);
});

t.test("a node sends nothing to a broker whose certificate is not of the pinned hub and site", async (t) => {
  const [own, other] = [await certificatesOf(t), await certificatesOf(t)];
  const received: Buffer[] = [];
  const { certificate: cert, key } = other.material;
  const server = createServer({ cert, key }, (socket: TLSSocket) => {
    socket.on("data", (chunk) => received.push(chunk));
    socket.on("error", () => undefined);
  });
  server.listen(0, HOST);
  await once(server, "listening");
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const node = generateIdentity();
  await t.rejects(sessionOf(port, node, 1, own.material.authority), {
    code: "HUB_UNTRUSTED",
    message: /shows the authority [0-9a-f]{16}…, but the authority [0-9a-f]{16}… was pinned/,
  });
  const target = { host: HOST, port };
  await t.rejects(
    secureSocket({ ...target, trust: { authority: other.material.authority }, name: siteName("cottage") }),
    { code: "HUB_UNTRUSTED", message: /cottage\.hub\.barnacle\.internal is missing/ },
  );
  await t.rejects(secureSocket({ ...target, trust: { expects: "00".repeat(10) } }), {
    code: "HUB_UNTRUSTED",
    message: /the setup code is of a hub with the authority 0000/,
  });
  const { authority, authorityFingerprint } = other.material;
  const first = await secureSocket({ ...target, trust: { expects: authorityFingerprint.slice(0, 20) } });
  t.equal(first.authority?.trim(), authority.trim(), "what is to be pinned");
  first.socket.destroy();
  t.same(received, [], "no byte of a proof or a code went to the wrong one");
});

t.test("something that speaks no TLS, and a port where nobody is, are named", async (t) => {
  const hub = await testBroker(t);
  await t.rejects(secureSocket({ host: HOST, port: hub.broker.port, trust: {}, timeoutMs: 30_000 }), {
    code: "HUB_UNREACHABLE",
  });
  await t.rejects(secureSocket({ host: HOST, port: 1, trust: {} }), {
    code: "HUB_UNREACHABLE",
    message: /ECONNREFUSED/,
  });
});

t.test("the certificate is renewed without a restart: who is there stays, who comes sees the new one", async (t) => {
  const clock = new FakeClock(Date.now());
  const certificates = await certificatesOf(t, clock);
  const { hub, port } = await secureBroker(t, certificates);
  const node = await pairedNode(hub.devices);
  const { authority, fingerprint } = certificates.material;
  const trust = { authority };
  const shown = async () => {
    const { socket } = await secureSocket({ host: HOST, port, trust });
    const { fingerprint256 } = socket.getPeerCertificate();
    socket.destroy();
    return fingerprint256.replaceAll(":", "").toLowerCase();
  };
  t.equal(await shown(), fingerprint);
  const login = { clientId: node.deviceId, username: node.deviceId, password: mqttPassword(node, SITE, 1) };
  const { default: mqtt } = await import("mqtt");
  const client = await mqtt.connectAsync(`mqtts://${HOST}:${port}`, { ...login, ca: authority, reconnectPeriod: 0 });
  t.teardown(() => client.end(true));
  const renewed = new Promise((resolve) => certificates.events.on("renewed", resolve, t));
  const later = clock.now() + 800 * DAY_MS;
  Object.assign(clock, { now: () => later });
  await clock.advance(60 * 60_000);
  await renewed;
  t.not(certificates.material.fingerprint, fingerprint);
  t.equal(await shown(), certificates.material.fingerprint, "the authority that was pinned vouches for it");
  t.ok(client.connected, "the old connection is still there");
  await client.subscribeAsync(filterFor({ site: SITE, node: node.deviceId }, "config"));
});

t.test(
  "mosquitto's client, with the authority's certificate and a device's credentials, reads that device's topics",
  { skip: existsSync("/usr/bin/mosquitto_sub") ? false : "mosquitto_sub is not installed" },
  async (t) => {
    const certificates = await certificatesOf(t);
    const { hub, port } = await secureBroker(t, certificates);
    const node = await pairedNode(hub.devices);
    const cafile = path.join(t.testdirName, "authority.pem");
    writeFileSync(cafile, certificates.material.authority);
    const { deviceId } = node;
    const login = (incarnation: number, ca = cafile) => [
      ...["-h", HOST, "-p", String(port), "--cafile", ca, "-V", "311", "-q", "1"],
      ...["-i", deviceId, "-u", deviceId, "-P", mqttPassword(node, SITE, incarnation)],
    ];
    const topic = topicFor({ site: SITE, node: deviceId }, "config");
    const config = { hubVersion: "1", wakeWords: ["computer"] };
    const run = promisify(execFile);
    // When it has subscribed is known to itself alone, so it is told until it hears.
    const again = setInterval(() => void hub.broker.publish(deviceId, "config", undefined, config), 100);
    const { stdout } = await run("mosquitto_sub", [...login(1), "-t", topic, "-C", "1"]).finally(() =>
      clearInterval(again),
    );
    t.match(JSON.parse(stdout), { v: 1, body: config });

    const foreign = spawn("mosquitto_sub", [
      ...login(2),
      "-t",
      topicFor({ site: SITE, node: "f".repeat(64) }, "config"),
    ]);
    t.teardown(() => foreign.kill());
    await until(() => hub.broker.faultsOf(deviceId)["violation.subscribe"] === 1);
    t.pass("another device's topic is refused");

    const wrong = path.join(t.testdirName, "other.pem");
    writeFileSync(wrong, (await certificatesOf(t)).material.authority);
    await t.rejects(run("mosquitto_sub", [...login(3, wrong), "-t", topic, "-C", "1"]), "another authority");
    t.ok(Number(hub.counters.snapshot()["mqtt.refused.tls"]) >= 1, "counted");
  },
);
