import { once } from "node:events";
import { get as httpGet } from "node:http";
import { get as httpsGet } from "node:https";
import { connect } from "node:net";
import { type FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { WebSocket } from "ws";
import { MemoryCounters } from "../counters.ts";
import { testRegistry } from "../devices/testing.ts";
import { RawClient, TOKEN, testGateway } from "../gateway/testing.ts";
import { temporaryDirectory } from "../store/testing.ts";
import { HubCertificates } from "../tls/index.ts";
import { HttpServer, TlsFront } from "./index.ts";

async function certificatesOf(t: Test, clock: FakeClock) {
  const names = { hosts: ["attic.local", "localhost"], addresses: ["127.0.0.1"] };
  const stateDir = temporaryDirectory(t);
  const certificates = new HubCertificates({ stateDir, hubName: "Test", names: () => names, clock, log: silentLog });
  await certificates.start();
  t.teardown(() => certificates.stop());
  return certificates;
}

async function served(t: Test, required = false) {
  const hub = await testGateway(t);
  const certificates = await certificatesOf(t, hub.clock);
  const counters = new MemoryCounters();
  const http = new HttpServer({
    ...{ host: "127.0.0.1", port: 0, hubName: "Test", version: "1", devices: hub.devices, gateway: hub.gateway },
    ...{ isReady: () => true, counters, clock: hub.clock, log: silentLog },
    tls: new TlsFront({ source: certificates, required }),
  });
  await http.start();
  t.teardown(() => http.stop());
  const [, ca] = certificates.material.certificate.split(/(?<=-----END CERTIFICATE-----\n)/);
  return { hub, http, certificates, ca, port: http.port };
}

function body(get: typeof httpGet, url: string, options: object = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, ...options }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
}

t.test("one port speaks plain HTTP and WebSocket, and both over TLS to who trusts the hub's authority", async (t) => {
  const { hub, port, ca, certificates } = await served(t);
  t.match(await body(httpGet, `http://127.0.0.1:${port}/health`), /"ok":true/);
  t.match(await body(httpsGet as typeof httpGet, `https://127.0.0.1:${port}/health`, { ca }), /"ok":true/);
  await t.rejects(body(httpsGet as typeof httpGet, `https://127.0.0.1:${port}/health`), { code: /SELF_SIGNED|VERIFY/ });
  const plain = new RawClient(`ws://127.0.0.1:${port}`, hub.clock);
  t.ok((await plain.connect()).ok);
  const socket = new WebSocket(`wss://127.0.0.1:${port}`, { ca, perMessageDeflate: false });
  const [message] = (await once(socket, "message")) as [Buffer];
  t.match(JSON.parse(message.toString()), { event: "connect.challenge" });
  // A frame larger than a TLS record, to see that nothing of the stream is lost.
  socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params: { x: "a".repeat(40_000) } }));
  const [answer] = (await once(socket, "message")) as [Buffer];
  t.match(JSON.parse(answer.toString()), { ok: false, error: { message: /invalid connect params/ } });
  socket.terminate();
  t.equal(certificates.material.fingerprint.length, 64);
  t.ok(TOKEN);
});

t.test("a client that says nothing, or nothing sensible, holds up nobody, and a stop ends it", async (t) => {
  const { http, port } = await served(t);
  const silent = connect(port, "127.0.0.1");
  await once(silent, "connect");
  const half = connect(port, "127.0.0.1");
  await once(half, "connect");
  half.write(Buffer.from([0x16]));
  const noise = connect(port, "127.0.0.1");
  for (const socket of [silent, half, noise]) socket.on("error", () => {}).resume();
  noise.write("\u0000\u0001 nonsense\r\n\r\n");
  await once(noise, "close");
  t.match(await body(httpGet, `http://127.0.0.1:${port}/health`), /"ok":true/);
  const ended = Promise.all([once(silent, "close"), once(half, "close")]);
  await http.stop();
  await ended;
});

t.test("a renewed certificate is used for the next connection", async (t) => {
  const { port, certificates, hub } = await served(t);
  const peer = () =>
    new Promise<string>((resolve, reject) => {
      const request = httpsGet(`https://127.0.0.1:${port}/health`, { agent: false, rejectUnauthorized: false });
      request.on("error", reject);
      request.on("response", (response) => {
        const { fingerprint256 } = (response.socket as import("node:tls").TLSSocket).getPeerCertificate();
        response.resume();
        resolve(fingerprint256.replaceAll(":", "").toLowerCase());
      });
    });
  t.equal(await peer(), certificates.material.fingerprint);
  const other = await certificatesOf(t, hub.clock);
  certificates.events.emit("renewed", other.material);
  t.equal(await peer(), other.material.fingerprint);
});

t.test("where encryption is required, plain text is for this machine alone", async (t) => {
  const { port } = await served(t, true);
  t.match(await body(httpGet, `http://127.0.0.1:${port}/health`), /"ok":true/);
  const { devices, clock } = await testRegistry(t);
  const certificates = await certificatesOf(t, clock);
  const front = new TlsFront({ source: certificates, required: true });
  const server = new HttpServer({
    ...{ host: "0.0.0.0", port: 0, hubName: "Test", version: "1", devices, isReady: () => true },
    ...{ gateway: { handleUpgrade: () => {}, stop: async () => {} }, counters: new MemoryCounters() },
    ...{ clock, log: silentLog, tls: front },
  });
  await server.start();
  t.teardown(() => server.stop());
  const { networkInterfaces } = await import("node:os");
  const lan = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal);
  if (!lan) {
    t.pass("this machine has no address besides loopback, so there is nobody to refuse");
    return;
  }
  t.match(await body(httpGet, `http://${lan.address}:${server.port}/health`), /use https or wss/);
  const there = `https://${lan.address}:${server.port}/health`;
  t.match(await body(httpsGet as typeof httpGet, there, { rejectUnauthorized: false }), /"ok":true/);
});
