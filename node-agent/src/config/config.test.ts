import { mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import path from "node:path";
import t from "tap";
import { chooseStateDir, makeStateDir, resolveConfig } from "./index.ts";
import { usualConfigFile } from "./state-dir.ts";

t.test("without a file every setting has its default", async (t) => {
  const dir = t.testdir({});
  const config = resolveConfig({ stateDir: dir }, {});
  t.equal(config.name, hostname());
  t.equal(config.hub, undefined, "the one of this machine, or who answers by mDNS");
  t.same(config.wake.phrases, ["hey jarvis"]);
  t.equal(config.speech.silenceMs, 700);
  t.equal(config.file, undefined);
});

t.test("flags win over the environment, the environment over the file", async (t) => {
  const dir = t.testdir({ "node.yaml": "name: File\nroom: kitchen\nhub: http://file:1\n" });
  const plain = resolveConfig({ stateDir: dir }, {});
  t.match(plain, { name: "File", room: "kitchen", hub: "http://file:1", file: path.join(dir, "node.yaml") });
  t.equal(resolveConfig({ stateDir: dir }, { BARNACLE_URL: "http://env:2" }).hub, "http://env:2");
  const flags = { stateDir: dir, hub: "http://flag:3", name: "Flag", room: "office" };
  t.match(resolveConfig(flags, { BARNACLE_URL: "http://env:2" }), {
    name: "Flag",
    room: "office",
    hub: "http://flag:3",
  });
});

t.test("a misspelt key is named with file, line and key", async (t) => {
  const file = path.join(t.testdir({ "bad.yaml": "name: A\nwake:\n  engin: none\n" }), "bad.yaml");
  t.throws(() => resolveConfig({ config: file, stateDir: t.testdirName }, {}), {
    code: "CONFIG_INVALID",
    message: /bad\.yaml:3: wake\.engin/,
  });
});

t.test("a value outside its choices is named", async (t) => {
  const file = path.join(t.testdir({ "bad.yaml": "microphone:\n  driver: tape\n" }), "bad.yaml");
  t.throws(() => resolveConfig({ config: file, stateDir: t.testdirName }, {}), {
    code: "CONFIG_INVALID",
    message: /microphone\.driver/,
  });
});

t.test("an appliance on a pin gets the actions of its kind", async (t) => {
  const yaml = `
room: kitchen
gpio:
  driver: fake
  lines:
    - {line: 17, name: lamp}
    - {line: 18, direction: out}
    - {line: 4, direction: in}
appliances:
  - {id: lamp, name: light, kind: light, line: 17}
  - {id: door, name: front door, kind: lock, room: hall, line: 18}
  - {id: window, name: window, kind: sensor, line: 4}
  - {id: radio, name: radio, kind: media, actions: {start: {command: audio.play, params: {tone: {hz: 440, ms: 100}}}}}
`;
  const file = path.join(t.testdir({ "node.yaml": yaml }), "node.yaml");
  const [lamp, door, window, radio] = resolveConfig({ config: file, stateDir: t.testdirName }, {}).appliances;
  t.same(lamp?.actions, {
    on: { command: "gpio.write", params: { line: 17, value: 1 } },
    off: { command: "gpio.write", params: { line: 17, value: 0 } },
    set: { command: "gpio.pwm", params: { line: 17 }, levelParam: "percent" },
    read: { command: "gpio.read", params: { line: 17 } },
  });
  t.equal(lamp?.room, "kitchen", "the node's room is the appliance's unless it has its own");
  t.equal(door?.room, "hall");
  t.same(Object.keys(door?.actions ?? {}), ["lock", "unlock", "read"]);
  t.same(Object.keys(window?.actions ?? {}), ["read"]);
  t.same(Object.keys(radio?.actions ?? {}), ["start"]);
});

for (const [what, yaml, message] of [
  ["on a pin that is not configured", "- {id: a, name: a, kind: light, line: 9}", /line 9 is not among gpio\.lines/],
  ["without pin and actions", "- {id: a, name: a, kind: light}", /either line or actions/],
  ["with an id used twice", "- &x {id: a, name: a, kind: light, actions: {}}\n- *x", /used twice/],
] as const) {
  t.test(`an appliance ${what} is refused`, async (t) => {
    const file = path.join(t.testdir({ "node.yaml": `appliances:\n${yaml}\n` }), "node.yaml");
    t.throws(() => resolveConfig({ config: file, stateDir: t.testdirName }, {}), { code: "CONFIG_INVALID", message });
  });
}

for (const [what, gpio, message] of [
  [
    "a line twice",
    "lines: [{line: 17, name: a}, {line: 17, direction: in}]",
    /gpio\.lines: 17: this line is used twice, by 17 \(a\)/,
  ],
  [
    "a name twice",
    "lines: [{line: 17, name: Lamp}, {line: 18, name: lamp}]",
    /18 \(lamp\): the name "lamp" is used twice/,
  ],
  ["a kernel's name twice", "lines: [{line: GPIO17}, {line: gpio17}]", /the line "gpio17" is used twice/],
  ["a chip by number", "chip: gpiochip0", /gpio\.chip: the chip's label was expected/],
  [
    "a chip by device file",
    "lines: [{line: 1, name: a, chip: /dev/gpiochip4}]",
    /lines\.0\.chip: the chip's label was expected/,
  ],
  ["a chip by digits", 'chip: "4"', /gpio\.chip: the chip's label was expected/],
  [
    "a foreign line without a name",
    "lines: [{line: 1, chip: mcp23017}]",
    /mcp23017\/1: a line of another chip needs a name/,
  ],
  ["a name that is a number", 'lines: [{line: 1, name: "2"}]', /lines\.0\.name: a name .* no number/],
  ["a line that is neither", 'lines: [{line: "17"}]', /lines\.0\.line: an offset \(17\), or a name/],
  ["an unsafe value", "lines: [{line: 1, safe: 2}]", /lines\.0\.safe/],
  ["a value of an input", "lines: [{line: 1, direction: in, safe: 0}]", /1: safe is for outputs; this is an input/],
  ["a debounced output", "lines: [{line: 1, debounceMs: 5}]", /1: debounceMs is for inputs; this is an output/],
  ["a bias that is none", "lines: [{line: 1, bias: up}]", /lines\.0\.bias/],
] as const) {
  t.test(`gpio: ${what} is refused`, async (t) => {
    const file = path.join(t.testdir({ "node.yaml": `gpio: {${gpio}}\n` }), "node.yaml");
    t.throws(() => resolveConfig({ config: file, stateDir: t.testdirName }, {}), { code: "CONFIG_INVALID", message });
  });
}

t.test("lines are named, and appliances may hang on a name", async (t) => {
  const yaml = `
gpio:
  chip: pinctrl-bcm2711
  lines:
    - {line: 17, name: Kitchen  light, safe: 0, initial: 1}
    - {line: GPIO4, name: bell, direction: in, bias: pull-up, debounceMs: 20, watch: false}
    - {line: 17, name: fan, chip: mcp23017}
appliances:
  - {id: a, name: light, kind: light, line: kitchen LIGHT}
  - {id: b, name: bell, kind: sensor, line: gpio4}
`;
  const file = path.join(t.testdir({ "node.yaml": yaml }), "node.yaml");
  const { gpio, appliances } = resolveConfig({ config: file, stateDir: t.testdirName }, {});
  t.match(gpio, { driver: "auto", safeAfterS: 60, lines: [{ direction: "out", activeLow: false }, {}, {}] });
  t.match(appliances[0]?.actions.on, { command: "gpio.write", params: { line: "kitchen LIGHT", value: 1 } });
  t.same(Object.keys(appliances[1]?.actions ?? {}), ["read"]);
});

t.test("the state directory is the flag's, the environment's, the system's or the user's", async (t) => {
  t.equal(chooseStateDir("/a", { BARNACLE_STATE_DIR: "/b" }), "/a");
  t.equal(chooseStateDir(undefined, { BARNACLE_STATE_DIR: "/b" }), "/b");
  t.equal(
    chooseStateDir(undefined, { HOME: "/home/u" }, () => true),
    "/var/lib/barnacle-node",
  );
  t.equal(
    chooseStateDir(undefined, { HOME: "/home/u" }, () => false),
    "/home/u/.local/state/barnacle-node",
  );
});

t.test("the usual configuration is the state directory's; a packaged node also has the system's", async (t) => {
  const all = (): boolean => true;
  t.equal(usualConfigFile("/x", all), "/x/node.yaml");
  t.equal(
    usualConfigFile("/x", (file) => file.startsWith("/etc")),
    undefined,
  );
  t.equal(usualConfigFile("/var/lib/barnacle-node", all), "/var/lib/barnacle-node/node.yaml");
  t.equal(
    usualConfigFile("/var/lib/barnacle-node", (file) => file.startsWith("/etc")),
    "/etc/barnacle/node.yaml",
  );
});

t.test("a state directory that cannot be made is named", async (t) => {
  const dir = t.testdir({ file: "" });
  t.throws(() => makeStateDir(path.join(dir, "file", "below")), { code: "STATE_UNWRITABLE", message: /below/ });
  mkdirSync(path.join(dir, "fine"));
  writeFileSync(path.join(dir, "fine", "x"), "");
  makeStateDir(path.join(dir, "fine"));
});

t.test("flags make an uplink, or change the one of the file; what is not said has its default", async (t) => {
  const stateDir = t.testdir({});
  t.equal(resolveConfig({ stateDir }, {}).uplink, undefined);
  const made = resolveConfig({ stateDir, uplink: "ws://a:1" }, { BARNACLE_TOKEN: "from-env" }).uplink;
  t.match(made, { url: "ws://a:1", token: "from-env", ask: "transcript", offer: ["*"], deny: [], replyMs: 45_000 });
  const file = path.join(t.testdir({ "node.yaml": "uplink: {url: ws://b:1, token: kept, ask: request}" }), "node.yaml");
  const flags = { stateDir, config: file };
  t.match(resolveConfig(flags, { BARNACLE_TOKEN: "env" }).uplink, { url: "ws://b:1", token: "kept", ask: "request" });
  t.match(resolveConfig({ ...flags, uplink: "ws://c:1", token: "t" }, {}).uplink, { url: "ws://c:1", token: "t" });
});
