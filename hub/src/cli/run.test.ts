import { writeFileSync } from "node:fs";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Command } from "commander";
import t, { type Test as T } from "tap";
import { buildProgram } from "./program.ts";
import { Session } from "./session.ts";
import { capturedIo, FakeGateway, type Ran, runCli, temporaryHome } from "./testing.ts";

const deviceId = "3f9a62".padEnd(64, "0");
const device = {
  deviceId,
  displayName: "Kitchen",
  room: "kitchen",
  roles: ["node"],
  online: true,
  blocked: false,
  approvedBy: "setup-code",
  approvedAtMs: 0,
  tokens: [],
  manifest: {
    agentVersion: "0.1.0",
    capabilities: [
      { name: "voice.wake", available: true, engine: "openwakeword" },
      { name: "speech.recognise", available: false, reason: "pocketsphinx is not installed" },
    ],
    commands: [{ name: "gpio.write", idempotent: true }],
    appliances: [{ id: "l", name: "light", kind: "light", room: "kitchen", actions: { on: {}, off: {} } }],
  },
};
const turn = {
  turnId: "t-1",
  source: "text",
  startedAt: 0,
  status: "done",
  outcome: "transcript",
  transcript: "turn on the kitchen light",
  intent: "light.on",
  commands: [{ deviceId, command: "gpio.write", params: { line: 2, value: 1 }, ok: true, payload: {} }],
  reply: "The kitchen light is on.",
  ok: true,
  spans: [
    { stage: "intent", startMs: 0, durationMs: 2 },
    { stage: "command", startMs: 2, durationMs: 6 },
  ],
};
const chosen = { deviceId, displayName: "Kitchen", score: 100, why: "same room +100" };

const methods = {
  health: () => ({ ok: true, durationMs: 1 }),
  "barnacle.devices.list": () => ({ devices: [device] }),
  "barnacle.devices.show": ({ device: reference }: Record<string, unknown>) => {
    if (reference === "Kitchen" || reference === deviceId)
      return { device: { ...device, unapprovedCommands: ["system.run"], faults: { "malformed turn": 3 } } };
    throw new BarnacleError("DEVICE_UNKNOWN", `no device is called ${String(reference)}`);
  },
  "barnacle.devices.rename": ({ displayName }: Record<string, unknown>) => ({ device: { ...device, displayName } }),
  "barnacle.devices.setRoom": ({ room }: Record<string, unknown>) => ({ device: { ...device, room } }),
  "barnacle.devices.block": () => ({ device }),
  "barnacle.devices.rotate": () => ({ device: { ...device, linkToken: { state: "used", rotationWantedAtMs: 1 } } }),
  "barnacle.devices.revoke": () => ({ device: { ...device, linkToken: { state: "revoked" } } }),
  "barnacle.devices.code": () => ({
    ...{ code: "ABCD-EFGH", expiresAtMs: Date.now() + 600_000, link: "barnacle://pair?code=ABCDEFGH" },
    setup: { setupCode: "ABCDEFGH" },
  }),
  "barnacle.devices.pending": () => ({ pending: [] }),
  "gateway.identity.get": () => ({}),
  "device.pair.approve": () => ({ requestId: "r", device }),
  "device.token.rotate": () => ({ deviceId, role: "operator", token: "new" }),
  "node.invoke": () => ({ ok: true, nodeId: deviceId, command: "gpio.write", payload: { line: 2, value: 1 } }),
  "barnacle.invoke": ({ command, route }: Record<string, unknown>) => {
    if ((route as { capability?: string }).capability === "fly") {
      throw new BarnacleError("ROUTE_NONE", "no device can do fly now (Kitchen: does not offer fly)");
    }
    return { ok: true, nodeId: deviceId, command, payload: {}, duplicate: false, why: "same room +100", failed: [] };
  },
  "barnacle.route.explain": ({ capability }: Record<string, unknown>) =>
    capability === "fly"
      ? { ranked: [], rejected: [{ deviceId, displayName: "Kitchen", reason: "does not offer fly" }] }
      : { chosen, ranked: [chosen], rejected: [] },
  "barnacle.ask": ({ text }: Record<string, unknown>) =>
    text === "nonsense" ? { ...turn, ok: false, reply: "Sorry, I did not understand that." } : turn,
  "barnacle.say": () => ({ ok: true }),
  "barnacle.turns.list": () => ({ turns: [turn] }),
  "barnacle.turns.get": () => turn,
  "voicewake.get": () => ({ triggers: ["hey jarvis"] }),
  "voicewake.set": ({ triggers }: Record<string, unknown>) => ({ triggers }),
  "barnacle.counters": () => ({ counters: { "mqtt.malformed.turn": 2 } }),
  "barnacle.inbox.list": () => ({ messages: [] }),
  "barnacle.audit.verify": () => ({ ok: false, records: 4, seq: 3, problem: "its content does not match its hash" }),
  "barnacle.policy.explain": () => ({ effect: "deny", rule: "default-deny", reason: "no rule allows it", rules: [] }),
  "barnacle.config.get": () => ({ config: { gateway: { token: "***" } } }),
};

async function setUp(t: T): Promise<{ fake: FakeGateway; cli: (...argv: string[]) => Promise<Ran>; home: string }> {
  const fake = await FakeGateway.start(methods);
  t.teardown(() => fake.stop());
  const home = temporaryHome(t.teardown.bind(t));
  const env = { BARNACLE_URL: fake.url, BARNACLE_TOKEN: fake.token };
  return { fake, home, cli: (...argv) => runCli(argv, capturedIo({ home, env })) };
}

t.test("every command has an example, and --help ends with 0", async (t) => {
  const io = capturedIo({ home: "/nowhere" });
  const leaves: string[][] = [];
  const visit = (command: Command, words: string[]): void => {
    if (command.commands.length === 0) leaves.push(words);
    for (const child of command.commands) visit(child, [...words, child.name()]);
  };
  visit(
    buildProgram(io, () => new Session(io, {})),
    [],
  );
  t.ok(leaves.length > 30);
  for (const words of leaves) {
    const { code, out, err } = await runCli([...words, "--help"], capturedIo({ home: "/nowhere" }));
    t.match({ code, err }, { code: 0, err: "" }, words.join(" "));
    t.match(out, /\nExamples?:\n {2}\$ barnacle /, words.join(" "));
    t.match(out, /--json/, words.join(" "));
  }
});

t.test("a list is an array, a thing an object, each on one line of a pipe", async (t) => {
  const { cli } = await setUp(t);
  const lists = ["devices list", "devices pending", "turns list", "inbox list", "wake get", "wake set alexa"];
  for (const words of lists) {
    const { code, out } = await cli(...words.split(" "), "--json");
    t.equal(code, 0, words);
    t.ok(Array.isArray(JSON.parse(out)), words);
    t.equal(out.trimEnd().split("\n").length, 1, words);
  }
  const things = ["devices show Kitchen", "status", "health", "devices code", "turns show", "route explain --cap x"];
  for (const words of things) {
    const { code, out } = await cli(...words.split(" "), "--json");
    t.equal(code, 0, words);
    t.match(JSON.parse(out), {}, words);
  }
});

t.test("a pipe gets no escape sequences and no titles", async (t) => {
  const { cli } = await setUp(t);
  const { out } = await cli("devices", "list");
  t.equal(out, `Kitchen\tkitchen\tnode\tonline\tnow\t${deviceId.slice(0, 12)}\n`);
});

t.test("a refusal is named on standard error, with what to do, and ends with 1", async (t) => {
  const { cli } = await setUp(t);
  const text = await cli("devices", "show", "Shed");
  t.match(text, { code: 1, out: "", err: "error: no device is called Shed (DEVICE_UNKNOWN)\nhint:  List them" });
  const json = await cli("devices", "show", "Shed", "--json");
  t.match(json, { code: 1, out: "" });
  t.match(JSON.parse(json.err), { error: { code: "DEVICE_UNKNOWN", message: /Shed/, hint: /devices list/ } });
});

t.test("a command line that is not understood ends with 2", async (t) => {
  const { cli } = await setUp(t);
  const wrong = [
    ["nonsense"],
    ["devices", "list", "--nonsense"],
    ["devices", "show"],
    ["hub", "--port", "70000"],
    ["hub", "--port", "x"],
    ["hub", "--bind", "moon"],
    ["hub", "--token", "short"],
    ["turns", "list", "--limit", "-1"],
    ["invoke", "Kitchen"],
    ["invoke", "Kitchen", "gpio.write", "{"],
    ["invoke", "Kitchen", "gpio.write", "[]"],
    ["invoke", "--room", "kitchen", "talk.speak", "{}", "more"],
    ["say", "hello"],
    ["say", "hello", "--all", "--room", "kitchen"],
    ["policy", "explain", "x", "--as", "martian"],
    ["status", "--url", "ftp://x"],
  ];
  for (const argv of wrong) {
    const { code, out, err } = await cli(...argv, "--json");
    t.equal(code, 2, argv.join(" "));
    t.equal(out, "", argv.join(" "));
    t.match(JSON.parse(err), { error: { code: "USAGE", message: /./, hint: /./ } }, argv.join(" "));
  }
  t.match(await cli("devces"), { code: 2, err: /See: barnacle --help/ });
  t.match(await cli("devices", "lst"), { code: 2, err: /See: barnacle devices --help/ });
  t.match(await cli("devices", "lst"), { code: 2, err: /unknown command 'lst'.*Did you mean list/ });
});

t.test("without a command the help is shown, and the exit code is 2", async (t) => {
  const { cli } = await setUp(t);
  t.match(await cli(), { code: 2, err: /Usage: barnacle/ });
  t.match(await cli("devices"), { code: 2, err: /Usage: barnacle devices/ });
  t.match(await cli("--version"), { code: 0, out: /^\d+\.\d+\.\d+\n$/ });
});

t.test("a bad answer that was printed still ends with 1", async (t) => {
  const { cli } = await setUp(t);
  t.match(await cli("ask", "nonsense"), { code: 1, out: /did not understand/, err: "" });
  t.match(await cli("route", "explain", "--cap", "fly"), { code: 1, out: /does not offer fly/ });
  t.match(await cli("policy", "explain", "gpio.write", "--as", "voice"), { code: 1, out: /deny by rule default-deny/ });
  const broken = await cli("audit", "verify", "--json");
  t.equal(broken.code, 1);
  t.match(JSON.parse(broken.err), { error: { code: "AUDIT_BROKEN", message: /record 3 .*hash/, details: { seq: 3 } } });
});

t.test("invoke goes to the named device, or to the one that the hub would choose", async (t) => {
  const { cli, fake } = await setUp(t);
  const named = await cli("invoke", "Kitchen", "gpio.write", '{"line":2,"value":1}', "--key", "k1", "--json");
  t.match(JSON.parse(named.out), { ok: true, nodeId: deviceId, command: "gpio.write", payload: { value: 1 } });
  t.match(fake.calls.at(-1), { method: "node.invoke", params: { params: { line: 2 }, idempotencyKey: "k1" } });
  const routed = await cli("invoke", "--room", "kitchen", "talk.speak", "--json");
  t.match(JSON.parse(routed.out), { ok: true, why: "same room +100" });
  t.match(await cli("invoke", "--cap", "fly", "fly"), { code: 1, err: /Kitchen: does not offer fly/ });
});

t.test("turns show draws the stages", async (t) => {
  const { cli } = await setUp(t);
  const { out } = await cli("turns", "show", "t-1");
  t.match(out, /intent +█+ +2\.0 ms/);
  t.match(out, /command +█+ +6\.0 ms/);
});

t.test("devices show says what the device cannot do, and why", async (t) => {
  const { cli } = await setUp(t);
  t.match(await cli("devices", "show", "Kitchen"), {
    code: 0,
    out: /✗ speech\.recognise: pocketsphinx is not installed.*not approved yet.*system\.run.*malformed turn 3/s,
  });
});

t.test("status shows what went wrong on the wires", async (t) => {
  const { cli } = await setUp(t);
  t.match(await cli("status"), { code: 0, out: /mqtt\.malformed\.turn 2/ });
});

t.test("every verb of devices does what it says", async (t) => {
  const { cli, fake } = await setUp(t);
  t.match(await cli("devices", "rename", "Kitchen", "Galley"), { out: /now called Galley/ });
  t.match(await cli("devices", "room", "Kitchen", "galley"), { out: /in the room "galley"/ });
  t.match(await cli("devices", "room", "Kitchen"), { out: /in no room/ });
  t.match(await cli("devices", "block", "Kitchen"), { out: "Kitchen is blocked.\n" });
  t.match(await cli("devices", "approve", "r"), { out: "Request r: approved.\n" });
  t.match(await cli("devices", "rotate", "Kitchen", "--role", "operator"), { out: /shown once: new/ });
  t.match(await cli("devices", "rotate", "Kitchen"), { out: /Kitchen gets a new token as soon as it is there/ });
  t.match(await cli("devices", "revoke", "Kitchen"), { out: /The token of Kitchen has ended/ });
  t.match(await cli("devices", "code", "--minutes", "5"), { out: /ABCD-EFGH/ });
  t.match(fake.calls.at(-1), { params: { ttlMs: 300_000 } });
});

t.test("configuration is checked and shown without a hub", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const cli = (...argv: string[]): Promise<Ran> => runCli(argv, capturedIo({ home }));
  const file = path.join(home, "hub.yaml");
  writeFileSync(file, "gateway:\n  prot: 1\n");
  t.match(await cli("config", "check", file), { code: 1, err: /hub\.yaml:2: gateway\.prot/ });
  writeFileSync(file, "gateway: {port: 1}\n");
  t.match(await cli("config", "check", file, "--json"), { code: 0, out: /"ok":true/ });
  t.match(await cli("config", "check", `${file}.gone`), { code: 1, err: /FILE_UNREADABLE/ });
  t.match(JSON.parse((await cli("config", "schema", "--json")).out), { type: "object" });
});

t.test("one key of the running configuration can be asked for", async (t) => {
  const { cli } = await setUp(t);
  t.match(await cli("config", "get", "gateway.token", "--json"), { code: 0, out: '"***"\n' });
  t.match(await cli("config", "get", "gateway.nose"), { code: 1, err: /no key "gateway\.nose"/ });
});

t.test("without a hub it says how to start one", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const ran = await runCli(["status", "--url", "127.0.0.1:1"], capturedIo({ home }));
  t.match(ran, { code: 1, out: "", err: /connection refused.*HUB_UNREACHABLE.*\nhint: .*barnacle hub/ });
});

t.test("tokens are never printed", async (t) => {
  const { cli, fake } = await setUp(t);
  for (const argv of [["status"], ["status", "--json"], ["devices", "show", "Shed"]]) {
    const { out, err } = await cli(...argv);
    t.notMatch(out + err, fake.token);
  }
});
