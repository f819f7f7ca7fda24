/** The life of a device over separate processes and real sockets. What proves which point stands in test/README.md. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { generateIdentity, loadOrCreateIdentity } from "@barnacle/protocol/identity";
import t, { type Test } from "tap";
import type { DeviceRecord, PendingPairing, RouteDecision } from "../../hub/src/services.ts";
import { GatewayWire } from "../support/gateway-wire.ts";
import { House, LIGHT, linkUp } from "../support/house.ts";
import { type JsonLine, NODE_BIN, Running } from "../support/process.ts";
import { refusedWith } from "../support/raw-device.ts";
import { ScriptedMicrophone } from "../support/scripted-microphone.ts";

t.setTimeout(600_000);

interface Answer {
  readonly code: number | null;
  readonly json: unknown;
  readonly stderr: string;
}

const linkState = (state: string) => (line: JsonLine) =>
  line.event === "state" && line.part === "link" && line.state === state;

async function house(t: Test, options: ConstructorParameters<typeof House>[1] = {}): Promise<House> {
  const made = new House(t.testdir(), options);
  t.teardown(() => made.close());
  await made.startHub();
  return made;
}

async function show(house: House, name = "Kitchen"): Promise<DeviceRecord> {
  return (await house.call<{ device: DeviceRecord }>("barnacle.devices.show", { device: name })).device;
}

async function pending(house: House): Promise<readonly PendingPairing[]> {
  return (await house.call<{ pending: PendingPairing[] }>("barnacle.devices.pending")).pending;
}

function refusal({ code, stderr }: Answer): { code: number | null; error: { code: string; message: string } } {
  return { code, ...(JSON.parse(stderr) as { error: { code: string; message: string } }) };
}

/** Writes the node's file anew, with what is changed in it. */
function reconfigure(house: House, patch: object): void {
  const file = path.join(house.dir, "node.yaml");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...patch }));
}

t.test("B5.1 pair, approve, heartbeat, capability report, invoke, result, unpair", async (t) => {
  const home = await house(t);
  const node = home.startNode();
  const asked = await node.line("the request", linkState("pending"));
  const requestId = String(asked.requestId);

  t.test("R10.2 the operator sees who asks, and decides", async (t) => {
    const [request] = (await home.cli("devices", "pending")).json as PendingPairing[];
    t.match(request, { requestId, displayName: "Kitchen", room: "kitchen", platform: "linux", remoteIp: "127.0.0.1" });
    t.ok(request?.commands.includes("gpio.write") && request.capabilities.includes("gpio"), "and what it can do");
    await home.cli("devices", "reject", requestId);
    await node.until("the refusal", () => (node.stderr.includes("PAIRING_REJECTED") ? true : undefined));
    t.same(await pending(home), []);
    await node.stop();
    rmSync(home.nodeState, { recursive: true });
    mkdirSync(home.nodeState, { mode: 0o700 });
    const again = home.startNode();
    const next = await again.line("another request", linkState("pending"));
    const approved = await home.cli("devices", "approve", String(next.requestId));
    t.equal(approved.code, 0, approved.stderr);
    await linkUp(again);
  });

  t.test("R10.5 it is there, and says how it is again and again", async (t) => {
    const first = await home.eventually("telemetry", async () => (await show(home)).telemetryAtMs);
    await home.eventually("the next sample", async () => ((await show(home)).telemetryAtMs ?? 0) > first || undefined);
    t.match(await show(home), { online: true, transport: "mqtt", approvalState: "approved" });
  });

  t.test("it reports what it can do, and why it cannot do the rest", async (t) => {
    const { manifest } = await show(home);
    const found = (name: string) => manifest?.capabilities.find((capability) => capability.name === name);
    t.match(found("gpio"), { available: true });
    t.match(found("audio.capture"), { available: false, reason: /\w/ });
  });

  t.test("it obeys, and its result comes back", async (t) => {
    const done = await home.cli("invoke", "Kitchen", "gpio.write", `{"line":${LIGHT},"value":1}`);
    t.match(done, { code: 0, json: { ok: true, command: "gpio.write", payload: { value: 1 } } }, done.stderr);
    t.equal(home.light(), 1);
  });

  t.test("B5.4 the node's own list only tightens: what it denies is refused, though the hub allows it", async (t) => {
    await home.node?.stop();
    reconfigure(home, { deny: ["gpio.write"] });
    await linkUp(home.startNode());
    const denied = await home.cli("invoke", "Kitchen", "gpio.write", `{"line":${LIGHT},"value":0}`);
    t.equal(denied.code, 1);
    t.match(refusal(denied).error, { code: /COMMAND_UNKNOWN|FORBIDDEN|UNAVAILABLE|INVALID_REQUEST/ }, denied.stderr);
    t.equal(home.light(), 1, "the pin is as it was");
    const unknown = await home.cli("invoke", "Kitchen", "warp.drive");
    t.equal(unknown.code, 1);
    t.match(refusal(unknown).error.message, /warp\.drive/);
    await home.node?.stop();
    reconfigure(home, { deny: [] });
    await linkUp(home.startNode());
    t.same(await pending(home), [], "what was approved once needs no second word");
  });

  t.test("unpaired, it is closed at once and has to ask again", async (t) => {
    const live = home.node as Running;
    const seen = live.lines.length;
    t.match(await home.cli("devices", "remove", "Kitchen"), { code: 0, json: { ok: true } });
    await live.line("a new request", linkState("pending"), seen);
    t.match(await pending(home), [{ displayName: "Kitchen", isRepair: false }]);
    t.equal(refusal(await home.cli("devices", "show", "Kitchen")).error.code, "DEVICE_UNKNOWN");
  });
});

t.test(
  "R10.3 block and unblock act on the live connection and outlive a restart, whatever the transport",
  async (t) => {
    const home = await house(t);
    const node = home.startNode(await home.setupCode());
    await linkUp(node);
    const identity = generateIdentity();
    const native = await nativeNode(t, home, identity, ["canvas.snapshot"]);
    t.equal(native.login?.ok, true, JSON.stringify(native.login));
    t.same(
      (await devices(home)).map(({ transport, online }) => [transport, online]).sort(),
      [
        ["mqtt", true],
        ["websocket", true],
      ],
      "R10.6 one registry",
    );

    const seen = node.lines.length;
    for (const id of [(await show(home)).deviceId, identity.deviceId]) {
      t.match(await home.cli("devices", "block", id), { code: 0, json: { ok: true, deviceId: id } });
    }
    t.equal(await native.wire.closed, 1008, "the native node's socket is closed");
    await node.line("the end of the link", linkState("waiting"), seen);
    t.same(
      (await devices(home)).map(({ blocked, online }) => [blocked, online]),
      [
        [true, false],
        [true, false],
      ],
    );
    t.match(refusal(await home.cli("invoke", "Kitchen", "gpio.read", `{"line":${LIGHT}}`)).error.message, /blocked/);

    await home.hub?.stop();
    await home.startHub();
    const since = node.lines.length;
    await node.line("another refusal", linkState("pairing"), since);
    await node.line("and its end", linkState("waiting"), since);
    await node.stop();
    const withCode = home.startNode(await home.setupCode());
    await withCode.until("the refusal of a code", () => withCode.stderr.includes("DEVICE_BLOCKED") || undefined);
    t.match((await nativeNode(t, home, identity, [])).login, { ok: false });
    t.equal(withCode.lines.some(linkState("online")), false, "a blocked key cannot pair again");

    for (const device of await devices(home)) await home.cli("devices", "unblock", device.deviceId);
    await linkUp(withCode);
    t.equal((await nativeNode(t, home, identity, ["canvas.snapshot"])).login?.ok, true);
  },
);

t.test("R10.3 a node's token is renewed while it works, killed as it comes, and ends when it is revoked", async (t) => {
  const home = await house(t);
  await linkUp(home.startNode(await home.setupCode()));
  t.match(await show(home), { linkToken: { state: "used" } });
  const identity = loadOrCreateIdentity(home.nodeState);
  const token = tokenOf(home);
  t.ok(token);

  const live = home.node as Running;
  const seen = live.lines.length;
  const rotated = await home.cli("devices", "rotate", "Kitchen");
  t.match(rotated, { code: 0, json: { ok: true, role: "node", linkToken: { state: "used" } } }, rotated.stderr);
  await linkUp(live, seen);
  const renewed = await home.eventually("the new token in use", async () => {
    const { linkToken } = await show(home);
    return linkToken?.rotationWantedAtMs === undefined ? linkToken : undefined;
  });
  t.equal(renewed.state, "used");
  t.not(tokenOf(home), token);
  const site = "home";
  t.not(await refusedWith(home.mqttPort, identity, site, token), 0, "the old one has ended");
  t.not(await refusedWith(home.mqttPort, identity, site), 0, "and so has the key alone");

  for (const victim of ["node", "hub"] as const) {
    await home.call("barnacle.devices.rotate", { device: "Kitchen" });
    await home[victim]?.kill();
    if (victim === "hub") await home.startHub();
    if (victim === "node") home.startNode();
    await home.eventually(`the new token after ${victim} was killed`, async () => {
      const { linkToken, online } = await show(home);
      return (online && linkToken?.rotationWantedAtMs === undefined) || undefined;
    });
    t.pass(`${victim} was killed, and the new token came to be used`);
  }

  const running = home.node as Running;
  const from = running.lines.length;
  t.match(await home.cli("devices", "revoke", "Kitchen"), { code: 0, json: { linkToken: { state: "revoked" } } });
  const asked = await running.line("a new request", linkState("pending"), from);
  await home.cli("devices", "approve", String(asked.requestId));
  await linkUp(running, from);
});

t.test("R10.4 what a node comes to offer waits for a fresh approval; less needs none", async (t) => {
  const home = await house(t, { node: { deny: ["gpio.*"] } });
  await linkUp(home.startNode(await home.setupCode()));
  t.match(await show(home), { approvalState: "approved" });
  await home.node?.stop();
  reconfigure(home, { deny: [] });
  await linkUp(home.startNode());
  const wider = await home.eventually("the wider offer", async () => {
    const device = await show(home);
    return device.unapprovedCommands?.includes("gpio.write") ? device : undefined;
  });
  t.equal(wider.approvalState, "pending-reapproval");
  const refused = await home.cli("invoke", "Kitchen", "gpio.write", `{"line":${LIGHT},"value":1}`);
  t.match(refusal(refused).error, { message: /came to offer gpio\.write after it was approved/ });
  const [ask] = await pending(home);
  t.match(ask, { kind: "surface", role: "node", displayName: "Kitchen", isRepair: true });
  t.ok(ask?.commands.includes("gpio.write"));
  t.equal((await home.cli("devices", "approve", String(ask?.requestId))).code, 0);
  const allowed = await home.cli("invoke", "Kitchen", "gpio.write", `{"line":${LIGHT},"value":1}`);
  t.equal(allowed.code, 0, allowed.stderr);
  await home.node?.stop();
  reconfigure(home, { deny: ["audio.*"] });
  await linkUp(home.startNode());
  t.same(await pending(home), []);
  t.equal((await show(home)).approvalState, "approved");
});

t.test("R11.5 an unplugged microphone changes the route before the node's next telemetry", async (t) => {
  const plugged = new ScriptedMicrophone(path.join(t.testdir(), "kitchen-microphone"));
  const other = new ScriptedMicrophone(path.join(t.testdirName, "hall-microphone"));
  const home = new House(path.join(t.testdirName, "home"), {
    microphone: plugged.config,
    node: { telemetry: { intervalS: 10 }, speech: { engine: "none" } },
  });
  t.teardown(() => home.close());
  await home.startHub();
  await linkUp(home.startNode(await home.setupCode()));
  const hall = await secondNode(t, home, other);
  const route = () =>
    home.call<RouteDecision>("barnacle.route.explain", {
      ...{ capability: "audio.capture", room: "kitchen", where: { sampleRateHz: { min: 16_000 } } },
    });
  const before = await home.eventually("both microphones", async () => {
    const decision = await route();
    return decision.ranked.length === 2 ? decision : undefined;
  });
  t.match(before.chosen, { displayName: "Kitchen", why: /same room \+100/ });

  const samples = new Set([(await show(home)).telemetryAtMs]);
  plugged.unplug();
  const after = await home.eventually("another route", async () => {
    samples.add((await show(home)).telemetryAtMs);
    const decision = await route();
    return decision.chosen?.displayName === "Hall" ? decision : undefined;
  });
  t.match(
    after.rejected.find(({ displayName }) => displayName === "Kitchen"),
    { reason: /^audio\.capture is unavailable: / },
  );
  t.ok(samples.size <= 2, `telemetry that came meanwhile: ${samples.size - 1}`);
  const shown = await home.cli("route", "explain", "--cap", "audio.capture", "--room", "kitchen");
  t.match(shown.json, { chosen: { displayName: "Hall" } });
  await hall.stop();
});

/** The token that the node is known to have, from its own disk. */
function tokenOf(home: House): string | undefined {
  const db = new DatabaseSync(path.join(home.nodeState, "node.db"), { readOnly: true });
  try {
    const row = db.prepare("SELECT value FROM setting WHERE key = 'link-token'").get() as { value: string } | undefined;
    return row && (JSON.parse(row.value) as { current?: string }).current;
  } finally {
    db.close();
  }
}

async function devices(home: House): Promise<readonly DeviceRecord[]> {
  return (await home.call<{ devices: DeviceRecord[] }>("barnacle.devices.list")).devices.filter(({ roles }) =>
    roles.includes("node"),
  );
}

/** A native gateway node of this machine. */
async function nativeNode(t: Test, home: House, identity: ReturnType<typeof generateIdentity>, commands: string[]) {
  const { url, token } = JSON.parse(readFileSync(path.join(home.hubState, "hub.json"), "utf8")) as {
    url: string;
    token: string;
  };
  const wire = new GatewayWire(url);
  t.teardown(() => wire.end());
  return { wire, login: await wire.login({ token, role: "node", scopes: [], identity, commands }) };
}

/** A second node, in the hall, on the same hub. */
async function secondNode(t: Test, home: House, microphone: ScriptedMicrophone): Promise<Running> {
  const state = path.join(home.dir, "hall");
  mkdirSync(state, { mode: 0o700 });
  const file = path.join(home.dir, "hall.yaml");
  const config = JSON.parse(readFileSync(path.join(home.dir, "node.yaml"), "utf8"));
  const own = { name: "Hall", room: "hall", microphone: microphone.config, gpio: undefined, appliances: [] };
  writeFileSync(file, JSON.stringify({ ...config, ...own }));
  const where = ["--config", file, "--state-dir", state, "--hub", home.url, "--setup-code", await home.setupCode()];
  const node = new Running("hall", NODE_BIN, [...where, "--events", "--json"]);
  t.teardown(() => node.stop());
  await linkUp(node);
  return node;
}
