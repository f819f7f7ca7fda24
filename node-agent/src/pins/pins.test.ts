import { createGpio, type FakeGpio } from "@barnacle/hardware/gpio";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import type { GpioLine } from "../config/index.ts";
import { openDatabase, Settings } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { PinStates, Pins } from "./index.ts";

const line = (config: Partial<GpioLine> & Pick<GpioLine, "line">): GpioLine => ({
  ...{ direction: "out", activeLow: false },
  ...config,
});
const LINES: GpioLine[] = [
  line({ line: 17, name: "kitchen light" }),
  line({ line: 18, name: "heater", safe: 0 }),
  line({ line: 19, name: "valve", safe: 1, initial: 0 }),
  line({ line: 22, name: "bell", direction: "in" }),
  line({ line: 23, name: "rain gauge", direction: "in", watch: false }),
];

interface Told {
  readonly kind: string;
  readonly data: JsonObject;
  readonly at: number;
}

/** One run of a node on a state directory; simulated pins stay over runs as a board's do. */
async function run(t: Test, dir = t.testdir({}), { safeAfterMs = 60_000, edgesPerS = 20 } = {}) {
  const clock = new FakeClock(1_000_000);
  const db = openDatabase(dir);
  const settings = new Settings(db);
  const states = new PinStates(settings);
  states.begin();
  const gpio = createGpio("fake", { clock, stateFile: `${dir}/pins.json` }) as FakeGpio;
  await gpio.open(LINES, states.startValue);
  const told: Told[] = [];
  const counters = new Counters();
  const changes = { count: 0 };
  const pins = new Pins({
    ...{ port: gpio, lines: LINES, states, settings, clock, counters, log: silentLog, safeAfterMs, edgesPerS },
    tell: (kind, data, at) => void told.push({ kind, data, at }),
    changed: () => void changes.count++,
  });
  await pins.start();
  pins.connection(true);
  return {
    ...{ clock, gpio, told, counters, changes, pins, dir, states },
    levels: () => [17, 18, 19].map((one) => gpio.level(one)),
    /** As SIGKILL leaves it. */
    crash: () => db.close(),
    stop: async () => {
      await pins.stop();
      db.close();
    },
  };
}

/** What the simulated pins have yet to write to their file; the limit is the test's own time-out. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

t.test("pins are used by number and by name, and answers carry both", async (t) => {
  const { pins, levels, stop } = await run(t);
  t.same(await pins.write("Kitchen Light", 1), { line: 17, name: "kitchen light", value: 1 });
  t.same(await pins.read(17), { line: 17, name: "kitchen light", value: 1 });
  t.same(levels(), [1, 0, 0]);
  t.match(pins.list(), [
    { line: 17, name: "kitchen light", direction: "out", value: 1 },
    { line: 18, safe: 0 },
    { line: 19, safe: 1 },
    { line: 22, direction: "in", watched: true, told: 0, dropped: 0 },
    { line: 23, watched: false },
  ]);
  await t.rejects(pins.write("garage", 1), { code: "COMMAND_PARAMS", message: /"garage" is not configured/ });
  await t.rejects(pins.pulse("bell", 1, 5), { code: "COMMAND_PARAMS", message: /is an input/ });
  await t.rejects(pins.pulse("garage", 1, 5), { code: "COMMAND_PARAMS" });
  await stop();
});

t.test("a pulse ends after its time, whoever is connected", async (t) => {
  const { pins, clock, levels, states, stop } = await run(t);
  t.same(await pins.pulse(17, 1, 300), { line: 17, name: "kitchen light", value: 1, ms: 300 });
  t.equal(levels()[0], 1);
  t.match(pins.list()[0], { value: 1, pulseEndsAt: 1_000_300 });
  pins.connection(false);
  await clock.advance(299);
  t.equal(levels()[0], 1);
  await clock.advance(1);
  t.equal(levels()[0], 0);
  // Nothing is left to be put right.
  await until(() => states.after("/17") === undefined);
  await pins.write(17, 1);
  await pins.pulse("kitchen light", 0, 100);
  t.equal(levels()[0], 0);
  await clock.advance(100);
  t.equal(levels()[0], 1, "a pulse may be an off");
  await until(() => states.after("/17") === undefined);
  await stop();
});

t.test("a second pulse counts from itself, and a write ends a pulse", async (t) => {
  const { pins, clock, levels, stop } = await run(t);
  await pins.pulse(17, 1, 100);
  await clock.advance(80);
  await pins.pulse(17, 1, 100);
  await clock.advance(80);
  t.equal(levels()[0], 1);
  await pins.write(17, 1);
  await clock.advance(1000);
  t.equal(levels()[0], 1, "it was switched on for good");
  await pins.pulse(17, 1, 100);
  await pins.pwm(17, 50);
  await clock.advance(1000);
  t.match(pins.list()[0], { duty: 0.5 }, "it was dimmed");
  await stop();
});

t.test("killed in the middle of a pulse, the next start ends it before anything else", async (t) => {
  const first = await run(t);
  await first.pins.pulse(17, 1, 60_000);
  await first.pins.write("heater", 1);
  await first.pins.write("valve", 0);
  first.crash();
  const second = await run(t, first.dir);
  t.same(second.levels(), [0, 0, 1], "the pulse rests, the others are safe");
  t.equal(second.states.crashed, true);
  t.equal(second.states.after("/17"), undefined);
  await second.pins.write(17, 1);
  second.crash();
  const third = await run(t, first.dir);
  t.equal(third.levels()[0], 1, "what was switched on for good stays on");
  await third.pins.pwm(17, 30);
  third.crash();
  const fourth = await run(t, first.dir);
  t.equal(fourth.levels()[0], 0, "nobody knows where a pulsed pin stopped");
  await fourth.stop();
});

t.test("a clean stop makes outputs safe and ends pulses; the next start takes initial values", async (t) => {
  const first = await run(t);
  await first.pins.pulse(17, 1, 60_000);
  await first.pins.write("heater", 1);
  await first.pins.write("valve", 0);
  await first.pins.stop();
  t.same(first.levels(), [0, 0, 1]);
  t.equal(first.clock.pending, 0);
  first.crash();
  const second = await run(t, first.dir);
  t.equal(second.states.crashed, false);
  t.same(second.levels(), [0, 0, 0], "the valve has an initial value");
  await second.stop();
});

t.test("without its hub for long, outputs take their safe values, and the hub is told", async (t) => {
  const { pins, clock, levels, told, stop } = await run(t);
  await pins.write("heater", 1);
  await pins.write(17, 1);
  pins.connection(false);
  await clock.advance(59_999);
  pins.connection(false);
  t.same(levels(), [1, 1, 0]);
  await clock.advance(1);
  await until(() => told.length === 1);
  t.same(levels(), [1, 0, 1], "what has no safe value stays");
  t.match(told, [{ kind: "gpio.safe", data: { lines: ["heater", "valve"] }, at: 1_060_000 }]);
  await pins.write("heater", 1);
  await clock.advance(600_000);
  t.equal(levels()[1], 1, "once per absence: a hand at the node is not fought");
  pins.connection(true);
  pins.connection(false);
  await clock.advance(30_000);
  pins.connection(true);
  await clock.advance(600_000);
  t.equal(levels()[1], 1, "back within the grace");
  await stop();
});

t.test("with a grace of 0 the hub may be away for ever", async (t) => {
  const { pins, clock, levels, stop } = await run(t, undefined, { safeAfterMs: 0 });
  await pins.write("heater", 1);
  pins.connection(false);
  await clock.advance(10_000_000);
  t.equal(levels()[1], 1);
  await stop();
});

t.test("a pulse whose chip goes ends when it is back", async (t) => {
  const { pins, clock, gpio, levels, changes, states, stop } = await run(t);
  await pins.pulse(17, 1, 100);
  await gpio.lose("its chip is gone");
  t.equal(pins.problem, "its chip is gone");
  await clock.advance(100);
  t.equal(states.after("/17"), 0, "still to be put right");
  await gpio.lose(undefined);
  t.equal(levels()[0], 0);
  await until(() => states.after("/17") === undefined);
  t.equal(changes.count, 2);
  t.equal(pins.problem, undefined);
  await stop();
});

t.test("what could not be made safe at the end counts as a crash", async (t) => {
  const first = await run(t);
  await first.gpio.lose("gone");
  await first.stop();
  const second = await run(t, first.dir);
  t.equal(second.states.crashed, true);
  t.equal(second.levels()[2], 1);
  await second.stop();
});

t.test("edges of watched inputs are told one by one, with what the kernel lost", async (t) => {
  const { gpio, told, counters, stop } = await run(t);
  await gpio.drive(22, 1);
  gpio.drop(22, 2);
  await gpio.drive(22, 0);
  await gpio.drive(23, 1);
  const common = { line: 22, name: "bell", at: 1_000_000 };
  t.same(told, [
    { kind: "gpio.edge", at: 1_000_000, data: { ...common, value: 1, sequence: 1 } },
    { kind: "gpio.edge", at: 1_000_000, data: { ...common, value: 0, sequence: 4, lost: 2 } },
  ]);
  t.match(counters.all(), { gpioEdges: 2, gpioEdgesLost: 2 });
  await stop();
});

t.test("watching is switched by command, and stays so over restarts", async (t) => {
  const first = await run(t);
  t.same(first.pins.watch("rain gauge", true), {
    ...{ line: 23, name: "rain gauge", watched: true, told: 0, dropped: 0 },
  });
  first.pins.watch("bell", false);
  await first.stop();
  const second = await run(t, first.dir);
  await second.gpio.drive(22, 1);
  await second.gpio.drive(23, 1);
  t.match(second.told, [{ kind: "gpio.edge", data: { line: 23 } }]);
  t.equal(second.told.length, 1);
  t.equal(second.pins.watched("bell"), false);
  t.throws(() => second.pins.watch(17, true), { code: "COMMAND_PARAMS", message: /only inputs have edges/ });
  t.throws(() => second.pins.watch("none", true), { code: "COMMAND_PARAMS" });
  await second.stop();
});

t.test("a chattering line is bounded; how much was dropped, and where it stands, is told", async (t) => {
  const { gpio, clock, told, counters, pins, stop } = await run(t, undefined, { edgesPerS: 5 });
  for (let i = 0; i < 100; i++) await gpio.drive(22, i % 2 === 0 ? 1 : 0);
  t.equal(told.length, 10, "twice as many at once");
  await clock.advance(1000);
  t.same(told[10], {
    kind: "gpio.edges.dropped",
    at: 1_000_000,
    data: { line: 22, name: "bell", value: 0, sequence: 100, at: 1_000_000, dropped: 90 },
  });
  t.equal(counters.get("gpioEdgesDropped"), 90);
  t.match(pins.list()[3], { told: 10, dropped: 90 });
  await gpio.drive(22, 1);
  t.match(told[11], { kind: "gpio.edge", data: { value: 1, sequence: 101 } }, "it is heard again");
  for (let i = 0; i < 20; i++) await gpio.drive(22, i % 2 === 0 ? 0 : 1);
  await stop();
  t.match(told.at(-1), { kind: "gpio.edges.dropped" }, "nothing is kept back at the end");
  const seen = told.filter(({ kind }) => kind === "gpio.edge").length;
  const lost = told.reduce((sum, { data }) => sum + Number(data.dropped ?? 0), 0);
  t.equal(seen + lost, 121, "every edge is told or counted");
});
