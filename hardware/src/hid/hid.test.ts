import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t, { type Test } from "tap";
import { isOn, parseDescriptor } from "./descriptor.ts";
import { FakeHidBus, HidPanel, type HidProfile, type HidStatus, hidProfileNames, loadHidProfile } from "./index.ts";

/** A speakerphone: report 2, one bit each for Hook Switch and Phone Mute; output report 3 with Off-Hook and Mute. */
const HEADSET = Uint8Array.from([
  ...[0x05, 0x0b, 0x09, 0x05, 0xa1, 0x01, 0x85, 0x02, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x02],
  ...[0x09, 0x20, 0x09, 0x2f, 0x81, 0x22, 0x95, 0x06, 0x81, 0x01],
  ...[0x05, 0x08, 0x85, 0x03, 0x95, 0x02, 0x09, 0x17, 0x09, 0x09, 0x91, 0x22, 0x95, 0x06, 0x91, 0x01, 0xc0],
]);
/** A remote control: one 16-bit array of consumer usages, not numbered. */
const REMOTE = Uint8Array.from([
  ...[0x05, 0x0c, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0x3c, 0x02, 0x19, 0x00, 0x2a, 0x3c, 0x02],
  ...[0x75, 0x10, 0x95, 0x01, 0x81, 0x00, 0xc0],
]);
const SWITCH: HidProfile = {
  name: "slide switch",
  source: "made up",
  match: [{ vendor: 1, product: 2 }],
  controls: { mute: { kind: "switch", report: 7, byte: 0, mask: 1 } },
};

async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 6; i++) await clock.advance(0);
}

function setUp(t: Test, profile: HidProfile | string, about: { serial?: string; product?: number } = {}) {
  const clock = new FakeClock();
  const bus = new FakeHidBus();
  const loaded = typeof profile === "string" ? loadHidProfile(profile) : profile;
  const devices = [{ name: "button", profile: loaded, ...about }];
  const panel = new HidPanel({ bus, devices, clock, random: seededRandom(4) });
  const pressed: string[] = [];
  const states: HidStatus[] = [];
  panel.listen({
    control: ({ control, kind, on }) => pressed.push(`${control} ${kind} ${on ? "on" : "off"}`),
    status: (_, status) => states.push(status),
  });
  t.teardown(() => panel.stop());
  return { clock, bus, panel, pressed, states };
}

t.test("a descriptor tells where each usage stands", async (t) => {
  const { fields, collections } = parseDescriptor(HEADSET);
  t.same(collections, [0x000b0005]);
  t.match(fields, [
    { kind: "input", report: 2, bit: 0, size: 1, count: 2, array: false, usages: [0x000b0020, 0x000b002f] },
    { kind: "output", report: 3, bit: 0, count: 2, usages: [0x00080017, 0x00080009] },
  ]);
  const [remote] = parseDescriptor(REMOTE).fields;
  t.match(remote, { kind: "input", report: 0, size: 16, array: true });
  t.ok(remote && isOn(remote, 0x000c00e2, Uint8Array.from([0xe2, 0])));
  t.notOk(remote && isOn(remote, 0x000c00e2, Uint8Array.from([0xe2, 1])));
});

t.test("no bytes at all make the descriptor's reader fail or hang", async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 8 }), (descriptor, report) => {
      for (const field of parseDescriptor(descriptor).fields.slice(0, 50)) isOn(field, 0x000b002f, report);
    }),
  );
  t.same(
    parseDescriptor(HEADSET.subarray(0, 20)).collections,
    [0x000b0005],
    "what is cut off counts as far as it goes",
  );
});

t.test("every bundled profile is sound and names its source", async (t) => {
  const names = hidProfileNames();
  t.ok(names.includes("muteme") && names.includes("telephony") && names.includes("respeaker-ring"));
  for (const name of names) t.ok(loadHidProfile(name).source.length > 10, name);
  t.throws(() => loadHidProfile("nothing"), { code: "CONFIG_INVALID", message: /no profile "nothing"; one of blink1/ });
  const dir = t.testdir({
    "both.yaml": "name: x\nsource: y\nmatch: [{vendor: 1}]\ncontrols: {mute: {byte: 1, usage: 0x000b002f}}\n",
    "typo.yaml": "name: x\nsource: y\nmatch: [{vendor: 1}]\ncontrols: {mut: {byte: 1}}\n",
    "dark.yaml": "name: x\nsource: y\nmatch: [{vendor: 1}]\nlights: {report: 1}\n",
  });
  t.throws(() => loadHidProfile(`${dir}/both.yaml`), { message: /controls\.mute: either usage or byte/ });
  t.throws(() => loadHidProfile(`${dir}/typo.yaml`), { message: /typo\.yaml:4: controls/ });
  t.throws(() => loadHidProfile(`${dir}/dark.yaml`), { message: /one of bytes, states and usages/ });
});

t.test("a touch button by its bytes: held is pressed once, and its light shows the state", async (t) => {
  const { bus, panel, pressed } = setUp(t, "muteme");
  bus.plug({ path: "/dev/hidraw3", vendor: 0x20a0, product: 0x42da });
  await panel.start();
  for (const state of [0, 4, 1, 1, 2, 0]) bus.report("/dev/hidraw3", 0, 0, 0, state, 0, 0, 0, 0);
  t.same(pressed, ["mute button on", "mute button off"]);
  await panel.show("muted");
  await panel.show("muted");
  await panel.show("idle");
  t.same(bus.written, [
    { path: "/dev/hidraw3", kind: "output", bytes: [0, 1] },
    { path: "/dev/hidraw3", kind: "output", bytes: [0, 0] },
  ]);
});

t.test("a speakerphone by its usages, with numbered reports both ways", async (t) => {
  const { bus, panel, pressed } = setUp(t, "telephony");
  bus.plug({ path: "/dev/hidraw0", vendor: 9, product: 9, descriptor: HEADSET });
  await panel.start();
  t.same(panel.devices[0]?.controls, ["mute", "talk"]);
  bus.report("/dev/hidraw0", 5, 0xff);
  t.same(pressed, [], "another report of the same device");
  bus.report("/dev/hidraw0", 2, 0b10);
  bus.report("/dev/hidraw0", 2, 0b11);
  bus.report("/dev/hidraw0", 2, 0b00);
  t.same(pressed, ["mute button on", "talk button on", "mute button off", "talk button off"]);
  await panel.show("muted");
  await panel.show("listening");
  await panel.show("idle");
  t.same(
    bus.written.map(({ bytes }) => bytes),
    [
      [3, 0b10],
      [3, 0b01],
      [3, 0b00],
    ],
  );
});

t.test("keys of a remote control come as numbers of usages", async (t) => {
  const { bus, panel, pressed } = setUp(t, "consumer-keys");
  bus.plug({ path: "/dev/hidraw0", descriptor: REMOTE });
  await panel.start();
  for (const code of [0xe9, 0xe2, 0, 0xcf, 0]) bus.report("/dev/hidraw0", code, 0);
  t.same(pressed, ["mute button on", "mute button off", "talk button on", "talk button off"]);
});

t.test("rings and lamps take the state's colour, each by its own report", async (t) => {
  const ring: HidProfile = {
    ...SWITCH,
    controls: {},
    lights: {
      via: "output",
      report: 4,
      bytes: [{ repeat: 12, of: ["green", "red", "blue"] }],
      colours: { muted: "#0a0b0c" },
    },
  };
  const first = setUp(t, ring);
  first.bus.plug({ path: "/dev/hidraw0", vendor: 1, product: 2 });
  await first.panel.start();
  await first.panel.show("muted");
  t.equal(first.bus.written[0]?.bytes.length, 37, "report id and 36 bytes");
  t.same(first.bus.written[0]?.bytes.slice(0, 7), [4, 0x0b, 0x0a, 0x0c, 0x0b, 0x0a, 0x0c]);
  const lamp = setUp(t, "blink1");
  lamp.bus.plug({ path: "/dev/hidraw0", vendor: 0x27b8, product: 0x01ed });
  await lamp.panel.start();
  await lamp.panel.show("speaking");
  t.same(lamp.bus.written, [{ path: "/dev/hidraw0", kind: "feature", bytes: [1, 0x6e, 0, 255, 0, 0, 0, 0] }]);
});

t.test(
  "unplugged and plugged in again elsewhere: found with growing pauses, lit as before, nothing stays held",
  async (t) => {
    const { bus, panel, pressed, states, clock } = setUp(t, "muteme", { serial: "A1" });
    bus.plug({ path: "/dev/hidraw0", vendor: 0x20a0, product: 0x42da, serial: "B2" });
    await panel.start();
    t.match(states, [{ state: "waiting", reason: "not plugged in" }], "another one of its kind is not it");
    await panel.show("listening");
    bus.plug({ path: "/dev/hidraw1", vendor: 0x20a0, product: 0x42da, serial: "A1" });
    await clock.advance(5000);
    await settle(clock);
    t.match(states.at(-1), { state: "open" });
    t.same(bus.written.at(-1), { path: "/dev/hidraw1", kind: "output", bytes: [0, 4] });
    bus.report("/dev/hidraw1", 0, 0, 0, 4, 0, 0, 0, 0);
    bus.unplug("/dev/hidraw1");
    await settle(clock);
    t.same(pressed, ["mute button on", "mute button off"]);
    t.match(states.at(-1), { state: "waiting", reason: "unplugged" });
    const before = bus.opens;
    await clock.advance(60_000);
    t.equal(bus.opens, before, "what is not there is not opened");
    bus.plug({ path: "/dev/hidraw7", vendor: 0x20a0, product: 0x42da, serial: "A1" });
    bus.refusal = "permission denied";
    await clock.advance(5000);
    await settle(clock);
    t.match(states.at(-1), { state: "waiting", reason: "permission denied" });
    bus.refusal = undefined;
    await clock.advance(5000);
    await settle(clock);
    t.match(states.at(-1), { state: "open" });
    t.same(bus.written.at(-1), { path: "/dev/hidraw7", kind: "output", bytes: [0, 4] });
    await panel.stop();
    t.notOk(bus.isOpen("/dev/hidraw7"));
    t.equal(clock.pending, 0);
  },
);

t.test("a switch tells its position with its first report and keeps it when it is unplugged", async (t) => {
  const { bus, panel, pressed, clock } = setUp(t, SWITCH);
  bus.plug({ path: "/dev/hidraw0", vendor: 1, product: 2 });
  await panel.start();
  bus.report("/dev/hidraw0", 6, 1);
  bus.report("/dev/hidraw0", 7, 0);
  bus.report("/dev/hidraw0", 7, 1);
  bus.unplug("/dev/hidraw0");
  await settle(clock);
  t.same(pressed, ["mute switch off", "mute switch on"]);
});

t.test("two wishes for the same kind open two devices", async (t) => {
  const clock = new FakeClock();
  const bus = new FakeHidBus();
  const profile = loadHidProfile("luxafor-flag");
  const devices = ["left", "right"].map((name) => ({ name, profile }));
  const panel = new HidPanel({ bus, devices, clock, random: seededRandom(1) });
  for (const path of ["/dev/hidraw0", "/dev/hidraw1"]) bus.plug({ path, vendor: 0x04d8, product: 0xf372 });
  await panel.start();
  await panel.show("listening");
  t.same(
    bus.written,
    ["/dev/hidraw0", "/dev/hidraw1"].map((path) => ({ path, kind: "output", bytes: [0, 1, 255, 0, 0, 255, 0, 0, 0] })),
  );
  for (let i = 0; i < 100; i++) {
    await panel.stop();
    await panel.start();
  }
  await panel.stop();
  t.equal(clock.pending, 0, "a hundred starts and stops leave nothing behind");
});
