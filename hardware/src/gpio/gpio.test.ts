import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import fc from "fast-check";
import t from "tap";
import { createGpio, FakeGpio, type GpioDriver, type GpioEdge, type LineConfig } from "./index.ts";

const LINES: LineConfig[] = [
  { line: 17, name: "lamp", direction: "out" },
  { line: 18, name: "relay", direction: "out", activeLow: true, initial: 1 },
  { line: 22, name: "button", direction: "in", activeLow: true },
];

t.test("a driven input tells each change of its logical value once", async (t) => {
  const clock = new FakeClock(5000);
  const gpio = new FakeGpio(clock);
  await gpio.open(LINES);
  const edges: GpioEdge[] = [];
  const off = gpio.onEdge((edge) => edges.push(edge));
  await gpio.drive(22, 0);
  await gpio.drive(22, 0);
  await clock.advance(10);
  await gpio.drive(22, 1);
  off();
  await gpio.drive(22, 0);
  t.same(edges, [
    { line: 22, name: "button", value: 1, at: 5000, sequence: 1, lost: 0 },
    { line: 22, name: "button", value: 0, at: 5010, sequence: 2, lost: 0 },
  ]);
  gpio.drop(22, 3);
  gpio.onEdge((edge) => edges.push(edge));
  await gpio.drive(22, 1);
  t.match(edges[2], { sequence: 7, lost: 3 }, "what was told to nobody is counted");
  await t.rejects(gpio.drive(17, 1), { code: "COMMAND_PARAMS" });
});

t.test("the state file holds every change by the time the call returns", async (t) => {
  const file = path.join(t.testdir(), "deep", "gpio.json");
  const gpio = createGpio("fake", { stateFile: file });
  const stored = async (): Promise<unknown> => JSON.parse(await readFile(file, "utf8"));
  await gpio.open(LINES);
  t.match(await stored(), { changes: 1, lines: [{ line: 17, value: 0 }, { line: 18, value: 1 }, { line: 22 }] });
  await gpio.write(17, 1);
  t.match(await stored(), { changes: 2, lines: [{ line: 17, name: "lamp", value: 1 }] });
  await Promise.all([gpio.write(17, 0), gpio.write(18, 0), gpio.pwm(17, 0.5)]);
  t.match(await stored(), { changes: 5, lines: [{ value: 1, duty: 0.5 }, { value: 0 }] }, "the last write wins");
});

t.test(
  "a simulated pin keeps its value and its count of writes over a restart, unless it has an initial value",
  async (t) => {
    const file = path.join(t.testdir(), "gpio.json");
    const stored = async (): Promise<unknown> => JSON.parse(await readFile(file, "utf8"));
    const first = createGpio("fake", { stateFile: file });
    await first.open(LINES);
    await first.write(17, 1);
    await first.write(18, 0);
    await first.write(18, 0);
    const second = createGpio("fake", { stateFile: file });
    await second.open(LINES);
    t.match(await stored(), {
      changes: 5,
      lines: [
        { line: 17, value: 1, writes: 1 },
        { line: 18, value: 1, writes: 2 },
      ],
    });
    await second.write(17, 0);
    t.match(await stored(), { lines: [{ line: 17, value: 0, writes: 2 }] });
  },
);

t.test("a state file that is none is started afresh", async (t) => {
  for (const text of ["", "no JSON", "[]", '{"changes":1}', '{"changes":1,"lines":[{"line":17}]}']) {
    const file = path.join(t.testdir(), "gpio.json");
    await writeFile(file, text);
    const gpio = createGpio("fake", { stateFile: file });
    await gpio.open(LINES);
    t.equal(await gpio.read(17), 0, JSON.stringify(text));
  }
});

t.test("a state file that cannot be written fails the command that changed the pin", async (t) => {
  const dir = t.testdir();
  await writeFile(path.join(dir, "plain"), "");
  const gpio = createGpio("fake", { stateFile: path.join(dir, "plain", "gpio.json") });
  await t.rejects(gpio.open(LINES), { code: "STATE_UNWRITABLE", message: /plain\/gpio\.json/ });
});

t.test("without GPIO every use says so", async (t) => {
  const gpio = createGpio("none");
  t.match(await gpio.availability(), { available: false, code: "HARDWARE_UNAVAILABLE" });
  await gpio.open([]);
  for (const use of [() => gpio.open(LINES), () => gpio.read(1), () => gpio.write(1, 1), () => gpio.pwm(1, 1)]) {
    await t.rejects(async () => void (await use()), { code: "HARDWARE_UNAVAILABLE" });
  }
  t.same(gpio.list(), []);
  gpio.onEdge(() => {})();
  gpio.onChange(() => {})();
  await gpio.close();
  t.throws(() => createGpio("tape" as GpioDriver), {
    code: "ENGINE_UNKNOWN",
    message: /auto, chardev, sysfs, fake, none/,
  });
});

t.test("whatever is written is what is read, active low or not", async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(fc.constantFrom(0 as const, 1 as const)), async (activeLow, values) => {
      const gpio = new FakeGpio(new FakeClock());
      await gpio.open([{ line: 5, direction: "out", activeLow }]);
      for (const value of values) {
        await gpio.write(5, value);
        if ((await gpio.read(5)) !== value || (gpio.level(5) === value) === activeLow) return false;
      }
      return true;
    }),
  );
});
