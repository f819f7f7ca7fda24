import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { generateIdentity } from "@barnacle/protocol/identity";
import t, { type Test as T } from "tap";
import { CLIPS, House, KITCHEN_CLIP } from "../support/house.ts";
import { HUB_BIN, NODE_BIN, Running, runOnce } from "../support/process.ts";
import { connectDevice, hubSite, pairOverHttp, refusedWith } from "../support/raw-device.ts";

t.setTimeout(300_000);

interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** A program that does not start: exit code 1 and one named error on standard error. */
async function refused(t: T, bin: string, ...args: string[]): Promise<Refusal> {
  const { code, stderr } = await runOnce(bin, [...args, "--json"]);
  t.equal(code, 1, `${path.basename(bin)} ${args[0]} ends with 1`);
  const line = stderr
    .trim()
    .split("\n")
    .findLast((text) => text.startsWith('{"error"'));
  return (JSON.parse(line ?? "{}") as { error: Refusal }).error;
}

const pinsOnly = { wake: { engine: "none" }, speech: { engine: "none" } };

t.test("a wrong key of a configuration is named with file and line, and nothing starts", async (t) => {
  const dir = t.testdir({
    "hub.yaml": "name: Home\ngateway:\n  bind: loopback\n  prot: 1\n",
    "node.yaml": "name: Kitchen\nmicrophone:\n  driver: none\n  devize: 1\n",
    "broken.yaml": "name: [1\n",
  });
  const file = (name: string): string => path.join(dir, name);
  const start = (bin: string, name: string, ...first: string[]): Promise<Refusal> =>
    refused(t, bin, ...first, "--config", file(name), "--state-dir", file("state"));
  t.match(await start(HUB_BIN, "hub.yaml", "hub"), { code: "CONFIG_INVALID", message: /hub\.yaml:4: gateway\.prot/ });
  t.match(await start(NODE_BIN, "node.yaml"), { code: "CONFIG_INVALID", message: /node\.yaml:4: microphone\.devize/ });
  for (const [bin, ...first] of [[HUB_BIN, "hub"], [NODE_BIN]] as const) {
    t.match(await start(bin, "broken.yaml", ...first), { code: "CONFIG_INVALID", message: /broken\.yaml:2/ });
    t.match(await start(bin, "absent.yaml", ...first), { code: "FILE_UNREADABLE", message: /absent\.yaml/ });
  }
});

t.test("a recording of the wrong format is named wherever one is given", async (t) => {
  const wav = Buffer.from(readFileSync(KITCHEN_CLIP));
  wav.writeUInt32LE(44_100, 24);
  const file = path.join(t.testdir(), "cd.wav");
  writeFileSync(file, wav);
  const expected = { code: "AUDIO_FORMAT", message: /cd\.wav: found 44100 Hz.*expected 16000 Hz/ };
  for (const command of [["transcribe"], ["wake", "test"]]) {
    const { code, stdout } = await runOnce(HUB_BIN, [...command, file, KITCHEN_CLIP, "--json"]);
    t.equal(code, 1);
    const [bad, good] = JSON.parse(stdout) as { error?: Refusal }[];
    t.match(bad?.error, expected, command.join(" "));
    t.equal(good?.error, undefined, "the other file is done all the same");
  }
  const { code, stdout } = await runOnce(HUB_BIN, ["demo", "--once", "--json", "--audio", file]);
  t.equal(code, 1);
  t.match(JSON.parse(stdout), { ok: false, code: "AUDIO_FORMAT", reason: expected.message });
  const config = path.join(t.testdirName, "node.yaml");
  writeFileSync(config, JSON.stringify({ microphone: { driver: "wav", file } }));
  t.match(await refused(t, NODE_BIN, "--config", config, "--state-dir", path.join(t.testdirName, "state")), expected);
});

t.test("a model that is not there is named; a node without it is up and says what it lacks", async (t) => {
  const dir = t.testdir();
  const absent = path.join(dir, "absent");
  t.match(await refused(t, HUB_BIN, "transcribe", KITCHEN_CLIP, "--model", absent), {
    code: "MODEL_MISSING",
    message: /absent/,
  });
  const config = path.join(dir, "node.yaml");
  const microphone = { driver: "wav", file: KITCHEN_CLIP };
  writeFileSync(config, JSON.stringify({ microphone, wake: { modelDirectory: absent } }));
  const state = ["--config", config, "--state-dir", path.join(dir, "state")];
  t.match(await refused(t, NODE_BIN, "wake-test", path.join(CLIPS, "wake-alexa-rms.wav"), ...state), {
    code: "MODEL_MISSING",
    message: /absent does not exist/,
  });
  const node = new Running("node", NODE_BIN, [...state, "--hub", "http://127.0.0.1:9", "--events", "--json"]);
  t.teardown(() => node.stop());
  const ready = await node.line("the node", (line) => line.part === "agent" && line.state === "ready");
  const capabilities = ready.capabilities as { name: string; available: boolean; reason?: string }[];
  t.match(
    capabilities.find(({ name }) => name === "voice.wake"),
    { available: false, reason: /absent does not exist/ },
  );
});

t.test("a second hub is told which port, or which directory, is taken", async (t) => {
  const house = new House(t.testdir());
  t.teardown(() => house.close());
  await house.startHub();
  const other = mkdtempSync(path.join(t.testdirName, "other-"));
  const gateway = new URL(house.url).port;
  const mqtt = String(house.mqttPort);
  const start = (stateDir: string, port: string, mqttPort: string): Promise<Refusal> =>
    refused(t, HUB_BIN, "hub", "--state-dir", stateDir, "--port", port, "--mqtt-port", mqttPort);
  t.match(await start(other, gateway, "0"), { code: "PORT_BUSY", message: new RegExp(`:${gateway}\\b`), hint: /./ });
  t.match(await start(other, "0", mqtt), { code: "PORT_BUSY", message: new RegExp(`:${mqtt}\\b`), hint: /./ });
  t.match(await start(house.hubState, "0", "0"), {
    code: "STATE_LOCKED",
    message: new RegExp(`in use by process ${house.hub?.pid}`),
  });
  t.match(await house.cli("status"), { code: 0 }, "the first hub is not disturbed, and its address is still known");
});

t.test("unknown devices, rooms and commands, and bad tokens, are refused by name", async (t) => {
  const house = new House(t.testdir(), { node: pinsOnly });
  t.teardown(() => house.close());
  await house.open();
  const failure = async (...args: string[]): Promise<unknown> => {
    const { code, stderr } = await house.cli(...args);
    t.equal(code, 1);
    return (JSON.parse(stderr) as { error: Refusal }).error;
  };
  t.match(await failure("devices", "show", "Attic"), { code: "DEVICE_UNKNOWN", message: /Attic/ });
  t.match(await failure("invoke", "Attic", "gpio.list"), { code: "DEVICE_UNKNOWN", message: /Attic/ });
  t.match(await failure("ask", "turn on the light", "--room", "attic"), {
    code: "NOT_FOUND",
    message: /attic.*kitchen/,
  });
  t.match(await failure("turns", "show", "no-such-turn"), { code: "NOT_FOUND", message: /no-such-turn/ });
  t.match(await failure("invoke", "Kitchen", "gpio.write", '{"line":99,"value":1}'), { message: /99.*configured: 17/ });
  const wrong = "wrong-token-0123456789";
  const denied = await failure("status", "--url", house.url, "--token", wrong);
  t.match(denied, { code: "UNAUTHORIZED" });
  t.notMatch(JSON.stringify(denied) + house.hub?.report(), wrong, "a token is never repeated");
});

t.test("wrong setup codes are refused, and after five even the right one is, for a while", async (t) => {
  const house = new House(t.testdir());
  t.teardown(() => house.close());
  await house.startHub();
  const right = await house.setupCode();
  const identity = generateIdentity();
  for (let attempt = 1; attempt <= 5; attempt++) {
    t.match(await pairOverHttp(house.url, identity, "ZZZZ-ZZZZ"), { error: { code: "PAIRING_CODE_WRONG" } });
  }
  t.match(await pairOverHttp(house.url, identity, right), { error: { code: "PAIRING_LOCKED", hint: /./ } });
  t.match(
    await pairOverHttp(house.url, generateIdentity(), right),
    { status: "paired" },
    "another device is not locked",
  );
});

t.test("what a device does wrong on the wire is counted, shown, and harms nobody else", async (t) => {
  const house = new House(t.testdir(), { node: pinsOnly });
  t.teardown(() => house.close());
  await house.open();
  const site = await hubSite(house.url);
  const stranger = generateIdentity();
  t.equal(await refusedWith(house.mqttPort, stranger, site), 5, "a client that is not paired is refused");

  const rogue = generateIdentity();
  t.match(await pairOverHttp(house.url, rogue, await house.setupCode()), { status: "paired" });
  const device = await connectDevice(t, house.mqttPort, rogue, site, 1);
  const own = `barnacle/${site}/v1/${rogue.deviceId}`;
  for (const payload of ["not json", "{}", '{"v":1,"id":"x","ts":1,"body":{"turnId":7}}', Buffer.alloc(100, 0xff)]) {
    await device.client.publishAsync(`${own}/turn`, payload, { qos: 1 });
  }
  t.ok(device.client.connected, "malformed messages do not end the connection");
  const { devices } = await house.call<{ devices: { deviceId: string; displayName: string }[] }>(
    "barnacle.devices.list",
  );
  const kitchen = devices.find(({ displayName }) => displayName === "Kitchen")?.deviceId;
  device.client.publish(`barnacle/${site}/v1/${kitchen}/turn`, "{}", { qos: 1 });
  await device.closed;
  t.pass("one that speaks for another device is disconnected");

  t.match((await house.cli("devices", "show", rogue.deviceId)).json, {
    faults: { "malformed.turn": 4, "violation.publish": 1 },
  });
  const { counters } = (await house.cli("status")).json as { counters: Record<string, number> };
  t.match(counters, { "mqtt.malformed.turn": 4, "mqtt.violation.publish": 1, "mqtt.refused.connect": 1 });
  t.same((await house.cli("turns", "list")).json, [], "none of it became a turn");
  t.match(await house.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":1}'), { code: 0 });
  t.ok(house.node?.running && house.hub?.running);
});
