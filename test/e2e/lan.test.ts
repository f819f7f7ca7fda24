import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as plainConnect } from "node:net";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { connect, createServer, type TLSSocket } from "node:tls";
import type { NodeSetup } from "@barnacle/protocol/pairing";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { lanAddresses } from "../../hub/src/access/index.ts";
import type { PendingPairing } from "../../hub/src/services.ts";
import { HubCertificates, machineNames } from "../../hub/src/tls/index.ts";
import { House, linkUp } from "../support/house.ts";
import type { Running } from "../support/process.ts";

const [LAN] = lanAddresses();
const skip = LAN === undefined ? "this machine has no network besides loopback" : false;
const lan = LAN ?? "";

async function houseOnLan(t: Test): Promise<House> {
  // A name of its own: hubs of one name on one network take minutes to agree on others.
  const name = `Hub ${process.pid} ${path.basename(t.testdirName).slice(-12)}`;
  const house = new House(t.testdir(), { lan: true, hub: { name } });
  t.teardown(() => house.close());
  await house.startHub();
  return house;
}

/** What the node remembers of its hub. */
function remembered(house: House): { host: string; port: number; tls: boolean; authority?: string } {
  const db = new DatabaseSync(path.join(house.nodeState, "node.db"), { readOnly: true });
  try {
    const row = db.prepare("SELECT value FROM setting WHERE key = 'hub'").get() as { value: string };
    return JSON.parse(row.value);
  } finally {
    db.close();
  }
}

async function code(house: House, ...args: string[]): Promise<{ code: string; link: string; setup: NodeSetup }> {
  return (await house.cli("devices", "code", ...args)).json as { code: string; link: string; setup: NodeSetup };
}

const complaint = (node: Running, code: string) =>
  node.until(`the complaint ${code}`, () => (node.stderr.includes(code) ? true : undefined));

t.test("a code alone is enough: the node finds its hub by mDNS and knows it", { skip }, async (t) => {
  const house = await houseOnLan(t);
  const made = await code(house);
  t.match(made.code, /^([A-Z2-9]{4}-){5}[A-Z2-9]{4}$/, "the secret, and how the authority's fingerprint begins");
  await linkUp(house.startNode(made.code, ""));
  const { host, tls, port, authority } = remembered(house);
  if (host === "127.0.0.1") {
    t.comment("the hub answered over loopback, where plain text is spoken");
    t.same([tls, port], [false, house.mqttPort]);
  } else {
    t.same([tls, port], [true, house.tlsPort]);
    t.match(authority, /BEGIN CERTIFICATE/, "the authority is pinned");
    t.equal(authority?.trim(), readFileSync(path.join(house.hubState, "tls", "ca.pem"), "utf8").trim());
  }

  const plain = plainConnect(house.mqttPort, lan);
  const [refusal] = (await once(plain, "error")) as [NodeJS.ErrnoException];
  t.equal(refusal.code, "ECONNREFUSED", "plain text is for the hub's own machine");
});

t.test("a prepared card: what `devices code --json` prints as setup is all that a node needs", { skip }, async (t) => {
  const house = await houseOnLan(t);
  const { setup } = await code(house, "--room", "attic");
  t.match(setup, { hub: /^https:/, authority: /^[0-9a-f]{64}$/, setupCode: /^[A-Z2-9]{8}$/, room: "attic" });
  const file = path.join(house.nodeState, "node.json");
  writeFileSync(file, JSON.stringify({ ...setup, hub: house.lanUrl(lan) }));
  await linkUp(house.startNode(undefined, ""));
  t.same(Object.keys(JSON.parse(readFileSync(file, "utf8"))).sort(), ["authority", "hub", "room"], "the code is gone");
  const { devices } = await house.call<{ devices: { room?: string }[] }>("barnacle.devices.list");
  t.equal(devices.find(({ room }) => room === "attic")?.room, "attic");
  await house.node?.stop();
  await linkUp(house.startNode(undefined, ""));
});

t.test(
  "without a code an operator sees who asks and decides; a hub with another authority is not the hub",
  { skip },
  async (t) => {
    const house = await houseOnLan(t);
    const node = house.startNode(undefined, house.lanUrl(lan));
    const asked = await node.line("the request", (line) => line.state === "pending");
    const [pending] = (await house.cli("devices", "pending")).json as PendingPairing[];
    t.match(pending, {
      requestId: asked.requestId,
      displayName: "Kitchen",
      platform: "linux",
      role: "node",
      room: "kitchen",
    });
    t.equal(pending?.remoteIp, lan);
    t.ok(pending?.commands.includes("gpio.write"));
    t.ok(pending?.capabilities.includes("gpio"));
    await house.cli("devices", "approve", String(asked.requestId));
    await linkUp(node);
    t.equal(remembered(house).tls, true);

    await house.hub?.stop();
    rmSync(path.join(house.hubState, "tls"), { recursive: true });
    const seen = node.lines.length;
    await house.startHub();
    await complaint(node, "HUB_UNTRUSTED");
    t.notOk(
      node.lines.slice(seen).some((line) => line.part === "link" && line.state === "online"),
      "it does not talk to it",
    );
    await node.stop();
    await linkUp(house.startNode((await code(house)).code, house.lanUrl(lan)));
    t.pass("an operator's new code is the word that counts");
  },
);

t.test("somebody in between gets neither code nor node", { skip }, async (t) => {
  const house = await houseOnLan(t);
  const relay = await relayTo(t, lan, Number(new URL(house.url).port));
  const made = await code(house);
  const careful = house.startNode(made.code, relay.url);
  await complaint(careful, "HUB_UNTRUSTED");
  t.same(relay.heard(), "", "nothing was said to it");
  await careful.stop();

  const trusting = house.startNode(undefined, relay.url);
  await complaint(trusting, "HUB_UNTRUSTED");
  t.match(trusting.stderr, /somebody stands in between/);
  t.same((await house.cli("devices", "pending")).json, [], "the hub does not even ask its operator");
  await trusting.stop();

  await linkUp(house.startNode(made.code, house.lanUrl(lan)));
  t.pass("the code is still good");
});

/** A machine that pretends to be the hub and passes everything on. */
async function relayTo(t: Test, host: string, port: number): Promise<{ url: string; heard(): string }> {
  const stateDir = path.join(t.testdirName, "relay");
  const clock = new FakeClock(Date.now());
  const names = () => {
    const { hosts, addresses } = machineNames();
    return { hosts: [...hosts, "hub.barnacle.internal", "home.hub.barnacle.internal"], addresses };
  };
  const certificates = new HubCertificates({ stateDir, hubName: "Relay", names, clock, log: silentLog });
  await certificates.start();
  t.teardown(() => certificates.stop());
  let heard = "";
  const { certificate: cert, key } = certificates.material;
  const server = createServer({ cert, key }, (node: TLSSocket) => {
    const hub = connect({ host, port, rejectUnauthorized: false });
    node.on("data", (chunk) => {
      heard += chunk;
    });
    node.pipe(hub).pipe(node);
    for (const side of [node, hub]) {
      side.on("error", () => undefined);
      side.on("close", () => {
        node.destroy();
        hub.destroy();
      });
    }
  });
  server.listen(0, host);
  await once(server, "listening");
  t.teardown(() => server.close());
  t.ok(existsSync(stateDir));
  return { url: `http://${host}:${(server.address() as { port: number }).port}`, heard: () => heard };
}
