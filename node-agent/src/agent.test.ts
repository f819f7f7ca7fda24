import { FakeHidBus, HidPanel, loadHidProfile } from "@barnacle/hardware/hid";
import { silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { Agent } from "./agent.ts";
import { resolveConfig } from "./config/index.ts";
import type { NodeHardware } from "./hardware/node-hardware.ts";
import { bench } from "./testing/bench.ts";
import { type FakeHub, fakeHub, type HubMessage } from "./testing/fake-hub.ts";

const CONFIG = `
name: Kitchen node
room: kitchen
gpio: {driver: fake, lines: [{line: 17}, {line: 22, name: bell, direction: in}]}
appliances: [{id: light, name: light, kind: light, line: 17}]
deny: [system.which]
`;

const GRAMMAR = { hash: "0123456789", jsgf: "#JSGF V1.0; grammar g; public <s> = help;", pronunciations: {} };

function makeAgent(hub: FakeHub, stateDir: string, hardware: NodeHardware): Agent {
  const config = resolveConfig({ stateDir, hub: hub.url }, {});
  return new Agent({
    config,
    setupCode: undefined,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    searchPath: () => "/usr/bin:/bin",
    find: async () => hardware,
  });
}

async function setUp(t: Test, change: (hardware: NodeHardware) => NodeHardware = (same) => same) {
  const hub = await fakeHub();
  const stateDir = t.testdir({ "node.yaml": CONFIG });
  const parts = bench();
  const agent = makeAgent(hub, stateDir, change(parts.hardware));
  t.teardown(async () => {
    await agent.stop();
    await hub.close();
  });
  await agent.start();
  await until(() => hub.of("caps").length > 0 && hub.of("state").length > 0);
  let commands = 0;
  const invoke = async (command: string, params: Record<string, unknown>, key?: string) => {
    const commandId = `c-${commands++}`;
    hub.send("command", { commandId, command, params, idempotencyKey: key ?? commandId, timeoutMs: 5000 }, commandId);
    const answered = (): HubMessage | undefined => hub.of("result").find(({ body }) => body.commandId === commandId);
    await until(() => answered() !== undefined);
    return answered()?.body as {
      ok: boolean;
      payload?: Record<string, unknown>;
      error?: { code: string };
      duplicate: boolean;
    };
  };
  return { hub, agent, stateDir, invoke, ...parts };
}

/** A condition of real sockets; the limit is the test's own time-out. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

t.test("a node pairs, connects, and says what it can and can't do", async (t) => {
  const { hub } = await setUp(t);
  t.match(hub.of("state").at(-1)?.body, { status: "online" });
  const caps = hub.of("caps").at(-1)?.body as unknown as {
    name: string;
    room: string;
    capabilities: { name: string; available: boolean; reason?: string }[];
    commands: { name: string }[];
    appliances: { id: string }[];
  };
  t.match(caps, { name: "Kitchen node", room: "kitchen", modelIdentifier: "Bench", appliances: [{ id: "light" }] });
  const byName = new Map(caps.capabilities.map((capability) => [capability.name, capability]));
  t.match(byName.get("voice.wake"), { available: true, attributes: { phrases: ["hey jarvis"] } });
  t.match(byName.get("speech.recognise"), { available: false, reason: /waiting for the household/ });
  const names = caps.commands.map((command) => command.name);
  for (const name of [
    "gpio.write",
    "gpio.pwm",
    "audio.play",
    "audio.mute",
    "talk.speak",
    "device.info",
    "wake.status",
  ]) {
    t.ok(names.includes(name), name);
  }
  t.notOk(names.includes("system.which"), "what its own configuration denies is not offered");
});

t.test("commands act once per key, and refusals are named", async (t) => {
  const { invoke, writes, synthesiser, player } = await setUp(t);
  t.match(await invoke("gpio.write", { line: 17, value: 1 }, "k"), { ok: true, payload: { line: 17, value: 1 } });
  t.match(await invoke("gpio.write", { line: 17, value: 1 }, "k"), { ok: true, duplicate: true });
  t.match(await invoke("gpio.read", { line: 17 }), { payload: { value: 1 } });
  t.match(await invoke("gpio.pwm", { line: 17, percent: 30 }), { ok: true });
  t.match(await invoke("gpio.list", {}), { payload: { lines: [{ line: 17, value: 1 }] } });
  t.same(writes, ["17=1", "17~0.3"]);
  t.match(await invoke("gpio.write", { line: 17, value: 2 }), { ok: false, error: { code: "COMMAND_PARAMS" } });
  t.match(await invoke("nothing.like", {}), { error: { code: "COMMAND_UNKNOWN" } });
  t.match(await invoke("system.which", { bins: ["sh"] }), { error: { code: "POLICY_DENIED" } });
  t.match(await invoke("talk.speak", { text: "Dinner is ready." }), { payload: { spoken: true } });
  t.match(await invoke("device.identify", {}), { payload: { spoken: true } });
  t.same(synthesiser.said, ["Dinner is ready.", "This is Kitchen node."]);
  t.match(await invoke("audio.play", { tone: { hz: 440, ms: 100 } }), {
    payload: { completed: true, durationMs: 100 },
  });
  t.match(await invoke("audio.play", {}), { error: { code: "COMMAND_PARAMS" } });
  t.match(await invoke("audio.play", { wav: "x".repeat(80) }), { error: { code: "AUDIO_FORMAT" } });
  t.match(await invoke("audio.stop", {}), { payload: { stopped: false } });
  t.equal(player.played.length, 3);
  t.match(await invoke("device.info", {}), { payload: { name: "Kitchen node", room: "kitchen", model: "Bench" } });
  t.match(await invoke("device.health", {}), { payload: { uptimeS: 1, counters: { connects: 1 } } });
});

t.test("the hub's configuration gives sentences, room and wake words; unknown words are reported", async (t) => {
  const { hub, grammars, wakes, invoke } = await setUp(t);
  hub.send("config", { hubVersion: "1", room: "office", wakeWords: ["Alexa", "computer"], grammar: GRAMMAR });
  await until(() => hub.of("notice").length > 0);
  t.match(hub.of("notice")[0]?.body, { kind: "wake.unknown", data: { phrases: ["computer"] } });
  await until(() => wakes.length === 2);
  t.match(grammars, [GRAMMAR]);
  t.match(await invoke("wake.status", {}), { payload: { engine: "fake", phrases: ["alexa"], muted: false } });
  await until(() => hub.of("caps").at(-1)?.body.room === "office");
  const caps = hub.of("caps").at(-1)?.body.capabilities as { name: string; available: boolean }[];
  t.match(
    caps.find(({ name }) => name === "speech.recognise"),
    { available: true },
  );
});

t.test("a turn reaches the hub, is answered, spoken, and forgotten once acknowledged", async (t) => {
  const { hub, mic, wakes, synthesiser } = await setUp(t);
  hub.react = ({ name, id, body }) => {
    if (name === "turn")
      hub.send("reply", { turnId: String(body.turnId), text: "Ask away.", ok: true }, String(body.turnId));
    if (name === "turn" || name === "spoken") hub.send("ack", { ids: [id] });
  };
  hub.send("config", { hubVersion: "1", wakeWords: [], grammar: GRAMMAR });
  await until(() => hub.of("caps").length > 1);
  wakes[0]?.hear();
  for (let i = 0; i < 10; i++) mic.listener?.frame(new Int16Array(1280));
  await until(() => hub.of("spoken").length > 0);
  const turnId = hub.of("wake")[0]?.body.turnId;
  t.match(hub.of("turn")[0], { id: turnId, body: { turnId, outcome: "transcript", transcript: "help" } });
  t.match(hub.of("spoken")[0]?.body, { turnId, spoken: true });
  t.same(synthesiser.said, ["Ask away."]);
});

t.test("a mute lasts over a restart, and so does what the hub configured", async (t) => {
  const first = await setUp(t);
  first.hub.send("config", { hubVersion: "1", room: "attic", wakeWords: [], grammar: GRAMMAR });
  await until(() => first.grammars.length === 1);
  t.match(await first.invoke("audio.mute", { muted: true }), { payload: { muted: true } });
  t.equal(first.mic.listener, undefined);
  await first.agent.stop();
  t.match(first.hub.of("state").at(-1)?.body, { status: "offline", reason: "stopping" });
  const again = bench();
  const agent = makeAgent(first.hub, first.stateDir, again.hardware);
  t.teardown(() => agent.stop());
  const before = first.hub.of("caps").length;
  await agent.start();
  await until(() => first.hub.of("caps").length > before);
  t.equal(again.mic.listener, undefined, "still muted");
  t.match(again.grammars, [GRAMMAR], "the recogniser is ready before the hub says a word");
  t.match(first.hub.of("caps").at(-1)?.body, { room: "attic" });
  const caps = first.hub.of("caps").at(-1)?.body.capabilities as { name: string; reason?: string }[];
  t.match(
    caps.find(({ name }) => name === "audio.capture"),
    { available: false, reason: "muted" },
  );
  t.match(await first.invoke("audio.mute", { muted: false }), { payload: { muted: false } });
  t.ok(again.mic.listener);
});

t.test("a button closes the microphone, is told, and its light shows it before anything else", async (t) => {
  const bus = new FakeHidBus();
  bus.plug({ path: "/dev/hidraw0", vendor: 0x20a0, product: 0x42da });
  const devices = [{ name: "desk button", profile: loadHidProfile("muteme") }];
  const hid = new HidPanel({ bus, devices, clock: systemClock, random: systemRandom });
  const { hub, agent, mic, invoke } = await setUp(t, (hardware) => ({ ...hardware, hid }));
  const reason = (name: string) => {
    const caps = hub.of("caps").at(-1)?.body.capabilities as { name: string; reason?: string; attributes?: unknown }[];
    return caps.find((capability) => capability.name === name);
  };
  t.match(reason("hid"), { attributes: { devices: [{ name: "desk button", state: "open", controls: ["mute"] }] } });
  await until(() => bus.written.at(-1)?.bytes[1] === 0);
  bus.report("/dev/hidraw0", 0, 0, 0, 4, 0, 0, 0, 0);
  bus.report("/dev/hidraw0", 0, 0, 0, 2, 0, 0, 0, 0);
  await until(() => mic.listener === undefined && reason("audio.capture")?.reason === "muted");
  await until(() => hub.of("notice").length === 1);
  t.match(hub.of("notice")[0]?.body, { kind: "microphone.mute", data: { muted: true } });
  t.equal(bus.written.at(-1)?.bytes[1], 1, "red");
  t.match(await invoke("talk.ptt.start", {}), { ok: true, payload: { listening: false } });
  t.match(await invoke("audio.mute", { muted: false }), { payload: { muted: false } });
  t.ok(mic.listener);
  await agent.stop();
  t.notOk(bus.isOpen("/dev/hidraw0"));
});

t.test("without a microphone the node still switches its pins", async (t) => {
  const none = (hardware: NodeHardware): NodeHardware => ({
    ...hardware,
    microphone: "no device found",
    player: "none",
  });
  const { hub, invoke, writes } = await setUp(t, none);
  t.match(await invoke("gpio.write", { line: 17, value: 1 }), { ok: true });
  t.same(writes, ["17=1"]);
  const caps = hub.of("caps").at(-1)?.body.capabilities as { name: string }[];
  t.match(
    caps.find(({ name }) => name === "voice.wake"),
    { available: false, reason: "no device found" },
  );
  t.match(await invoke("talk.speak", { text: "hello" }), { error: { code: "HARDWARE_UNAVAILABLE" } });
  t.match(await invoke("wake.status", {}), { payload: { reason: "no device found" } });
});

t.test("a pin that changes and a microphone that is lost are noticed", async (t) => {
  const { hub, edges, mic } = await setUp(t);
  for (const edge of edges) edge({ line: 22, name: "bell", value: 1, at: 5, kernelNs: "7", sequence: 3, lost: 2 });
  mic.listener?.status({ state: "lost", reason: "unplugged" });
  await until(() => hub.of("notice").length === 2);
  t.match(hub.of("notice")[0]?.body, {
    kind: "gpio.edge",
    data: { line: 22, name: "bell", value: 1, at: 5, kernelNs: "7", sequence: 3, lost: 2 },
  });
  t.match(hub.of("notice")[1]?.body, { kind: "microphone.lost", data: { reason: "unplugged" } });
  await until(() => {
    const caps = hub.of("caps").at(-1)?.body.capabilities as { name: string; reason?: string }[];
    return caps.find(({ name }) => name === "audio.capture")?.reason === "unplugged";
  });
});

t.test("a second node on the same state directory is refused, and leaves the first alone", async (t) => {
  const { hub, stateDir, invoke } = await setUp(t);
  const second = makeAgent(hub, stateDir, bench().hardware);
  await t.rejects(second.start(), { code: "STATE_LOCKED" });
  t.match(await invoke("device.info", {}), { ok: true });
});
