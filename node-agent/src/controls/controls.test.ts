import { FakeGpio } from "@barnacle/hardware/gpio";
import { FakeHidBus, type HidLight, HidPanel, loadHidProfile } from "@barnacle/hardware/hid";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { Mute } from "../pipeline/index.ts";
import { Controls, lightOf } from "./index.ts";

const MUTEME = { path: "/dev/hidraw0", vendor: 0x20a0, product: 0x42da };
const down = [0, 0, 0, 4, 0, 0, 0, 0];
const up = [0, 0, 0, 2, 0, 0, 0, 0];

async function setUp(t: Test, config: Record<string, string> = {}, options: { gpio?: string } = {}) {
  const clock = new FakeClock();
  const bus = new FakeHidBus();
  const panel = new HidPanel({
    ...{ bus, clock, random: seededRandom(1) },
    devices: [{ name: "button", profile: loadHidProfile("muteme") }],
  });
  const gpio = new FakeGpio(clock);
  await gpio.open([
    { line: 5, name: "mute switch", direction: "in" },
    { line: 6, name: "talk", direction: "in" },
    { line: 7, name: "lamp", direction: "out" },
  ]);
  const store = new Map<string, unknown>();
  const settings = {
    get: (key: string) => store.get(key) as never,
    set: (key: string, value: unknown) => store.set(key, value) !== undefined,
  };
  const mute = new Mute({ settings, startMuted: false, log: silentLog });
  const said: string[] = [];
  const notices: string[] = [];
  const now: { light: HidLight; canTalk: boolean } = { light: "idle", canTalk: true };
  const controls = new Controls({
    ...{ config, hid: panel, gpio: options.gpio ?? gpio, mute, clock, log: silentLog },
    talk: {
      begin: () => {
        said.push("begin");
        return now.canTalk;
      },
      end: () => void said.push("end"),
    },
    light: () => now.light,
    notice: (kind) => notices.push(kind),
    changed: () => {},
  });
  t.teardown(() => controls.stop());
  const lights = () => bus.written.map(({ bytes }) => bytes[1]);
  return { clock, bus, gpio, mute, controls, said, notices, now, lights };
}

async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 6; i++) await clock.advance(0);
}

t.test("a button mutes and unmutes; its light follows; unplugged is told and heals", async (t) => {
  const { bus, mute, controls, now, lights, notices, clock } = await setUp(t);
  bus.plug(MUTEME);
  await controls.start();
  await settle(clock);
  bus.report(MUTEME.path, ...down);
  bus.report(MUTEME.path, ...up);
  t.ok(mute.muted);
  now.light = "muted";
  controls.refresh();
  await settle(clock);
  t.same(lights(), [0, 1]);
  bus.unplug(MUTEME.path);
  await settle(clock);
  t.ok(mute.muted, "pulling the button out opens nothing");
  t.same(notices, ["hid.lost"]);
  bus.plug({ ...MUTEME, path: "/dev/hidraw4" });
  await clock.advance(5000);
  await settle(clock);
  t.same(lights(), [0, 1, 1], "it shows the mute again");
  bus.report("/dev/hidraw4", ...down);
  t.notOk(mute.muted);
  await controls.stop();
  t.equal(lights().at(-1), 0x13, "a light must not claim that somebody listens when nobody does");
  t.equal(clock.pending, 0);
});

t.test("a switch on a pin closes the microphone from before the start and beats every button", async (t) => {
  const { gpio, bus, mute, controls } = await setUp(t, { muteSwitch: "mute switch" });
  bus.plug(MUTEME);
  await gpio.drive(5, 1);
  await controls.start();
  t.same([mute.muted, mute.by], [true, ["mute switch"]]);
  bus.report(MUTEME.path, ...down);
  bus.report(MUTEME.path, ...up);
  bus.report(MUTEME.path, ...down);
  t.ok(mute.muted);
  await gpio.drive(5, 0);
  t.notOk(mute.muted);
  await gpio.drive(5, 1);
  t.ok(mute.muted);
});

t.test("a switch that cannot be read closes the microphone", async (t) => {
  const unknown = await setUp(t, { muteSwitch: "lamp" });
  await unknown.controls.start();
  t.same(unknown.mute.by, ["lamp"], "an output is no switch");
  const without = await setUp(t, { muteSwitch: "5", muteButton: "6" }, { gpio: "no chip" });
  await without.controls.start();
  t.same(without.mute.by, ["5"]);
});

t.test("a switch whose chip goes closes the microphone, and is read again when it is back", async (t) => {
  const { gpio, mute, controls } = await setUp(t, { muteSwitch: "mute switch" });
  await controls.start();
  t.notOk(mute.muted);
  await gpio.lose("its chip is gone");
  t.same(mute.by, ["mute switch"]);
  await gpio.lose(undefined);
  t.notOk(mute.muted, "it stands where it stood");
});

t.test("push to talk: held is the whole sentence, tapped listens until a pause, and by number too", async (t) => {
  const { gpio, controls, said, clock, now } = await setUp(t, { talkButton: "6" });
  await controls.start();
  await gpio.drive(6, 1);
  await clock.advance(2000);
  await gpio.drive(6, 0);
  t.same(said, ["begin", "end"]);
  await gpio.drive(6, 1);
  await clock.advance(100);
  await gpio.drive(6, 0);
  t.same(said, ["begin", "end", "begin"]);
  now.canTalk = false;
  await gpio.drive(6, 1);
  await clock.advance(2000);
  await gpio.drive(6, 0);
  t.equal(said.length, 4, "what did not begin is not ended");
});

t.test("a mute hides every other light", async (t) => {
  const busy = { pipeline: "listening", speaking: true, connected: true } as const;
  t.equal(lightOf({ ...busy, muted: true }), "muted");
  t.equal(lightOf({ ...busy, muted: false }), "listening");
  t.equal(lightOf({ ...busy, muted: false, pipeline: "replying" }), "speaking");
  t.equal(lightOf({ ...busy, muted: false, pipeline: "recognising", speaking: false }), "thinking");
  t.equal(lightOf({ muted: false, pipeline: "idle", speaking: false, connected: true }), "idle");
  t.equal(lightOf({ muted: false, pipeline: undefined, speaking: false, connected: false }), "offline");
});
