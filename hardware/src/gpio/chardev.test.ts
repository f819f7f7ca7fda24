import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { createGpio, type GpioEdge, type GpioPort, gpioInfos } from "./index.ts";
import { FakeKernel } from "./testing/fake-kernel.ts";
import { LINE_FLAG } from "./uapi.ts";

const RP1 = "pinctrl-rp1";

interface Bench {
  readonly clock: FakeClock;
  readonly kernel: FakeKernel;
  readonly gpio: GpioPort;
}

/** A driver over a kernel without chips; whatever it took it gives back. */
function check(what: string, run: (t: Test, bench: Bench) => Promise<void>, chip?: string): void {
  t.test(what, async (t) => {
    const clock = new FakeClock(1_000_000);
    const kernel = new FakeKernel();
    const gpio = createGpio("chardev", { kernel, clock, ...(chip === undefined ? {} : { chip }) });
    await run(t, { clock, kernel, gpio });
    await gpio.close();
    t.equal(kernel.descriptors, 0);
    t.equal(clock.pending, 0);
  });
}

check("the chip is found by its label, whatever its number", async (t, { kernel, gpio }) => {
  t.match(await gpio.availability(), { available: false, reason: "no GPIO chip (/dev/gpiochip*)" });
  kernel.add("raspberrypi-exp-gpio", 8);
  t.match(await gpio.availability(), { available: true, detail: /raspberrypi-exp-gpio/ }, "the only one");
  kernel.add("gpio-brcmstb", 32);
  t.match(await gpio.availability(), {
    available: false,
    code: "HARDWARE_UNAVAILABLE",
    reason: /raspberrypi-exp-gpio, gpio-brcmstb/,
    hint: /gpio\.chip/,
  });
  kernel.add("pinctrl-bcm2711", 58);
  t.match(await gpio.availability(), {
    available: true,
    detail: "pinctrl-bcm2711 (/dev/gpiochip2, 58 lines)",
  });
});

check(
  "a configured label is taken or said to be missing",
  async (t, { kernel, gpio, clock }) => {
    kernel.add(RP1, 54);
    const reason = /no GPIO chip has the label mcp23017; here: pinctrl-rp1/;
    t.match(await gpio.availability(), { available: false, reason });
    await gpio.open([{ line: 3, direction: "out", initial: 1 }]);
    t.match(gpio.list(), [{ line: 3, unavailable: reason }]);
    await t.rejects(gpio.write(3, 1), { code: "HARDWARE_UNAVAILABLE", message: reason });
    kernel.add("mcp23017", 16);
    let changes = 0;
    gpio.onChange(() => changes++);
    await clock.advance(2000);
    t.equal(changes, 1);
    t.match(gpio.list(), [{ line: 3, value: 1 }]);
  },
  "mcp23017",
);

check("a device that may not be opened is told with what to do", async (t, { kernel, gpio }) => {
  kernel.add(RP1, 54, {}, "EACCES");
  t.match(await gpio.availability(), {
    available: false,
    reason: "no permission for /dev/gpiochip0",
    hint: /usermod -aG gpio/,
  });
  await gpio.open([{ line: 3, direction: "in" }]);
  t.match(gpio.list(), [{ unavailable: /no permission/ }]);
});

check(
  "a line that another program uses is named with it, the others work, and it is taken once it is free",
  async (t, { kernel, gpio, clock }) => {
    kernel.add(RP1, 54);
    kernel.occupy(RP1, 17, "gpiomon");
    await gpio.open([
      { line: 17, name: "lamp", direction: "out" },
      { line: 18, direction: "out" },
      { line: 54, direction: "in" },
    ]);
    t.match(gpio.list(), [
      { line: 17, unavailable: "used by gpiomon" },
      { line: 18, value: 0 },
      { line: 54, unavailable: "pinctrl-rp1 has the lines 0 to 53" },
    ]);
    await gpio.write(18, 1);
    await t.rejects(gpio.write("lamp", 1), { code: "HARDWARE_UNAVAILABLE", message: /17 \(lamp\): used by gpiomon/ });
    kernel.occupy(RP1, 17, "");
    await clock.advance(2000);
    await gpio.write("lamp", 1);
    t.equal(kernel.line(RP1, 17).level, 1);
  },
);

check("a line is found by the name that the kernel has for it", async (t, { kernel, gpio }) => {
  kernel.add(RP1, 54, { 17: "GPIO17" });
  await gpio.open([
    { line: "GPIO17", name: "lamp", direction: "out" },
    { line: "GPIO99", direction: "out" },
  ]);
  await gpio.write("gpio17", 1);
  t.equal(kernel.line(RP1, 17).level, 1);
  t.equal(await gpio.read(17), 1, "its offset is known as well");
  t.match(gpio.list(), [
    { line: 17, kernelName: "GPIO17", name: "lamp" },
    { unavailable: "no line of pinctrl-rp1 has the name GPIO99" },
  ]);
});

check("lines of another chip are asked for by name", async (t, { kernel, gpio }) => {
  kernel.add(RP1, 54);
  kernel.add("mcp23017", 16);
  await gpio.open([
    { line: 3, name: "lamp", direction: "out" },
    { line: 3, name: "fan", chip: "mcp23017", direction: "out" },
  ]);
  await gpio.write("fan", 1);
  t.equal(kernel.line("mcp23017", 3).level, 1);
  t.equal(kernel.line(RP1, 3).level, 0);
  await gpio.write(3, 1);
  t.equal(kernel.line(RP1, 3).level, 1, "a number is a line of the board's own chip");
  t.match(gpio.list(), [{ line: 3 }, { line: 3, chip: "mcp23017" }]);
});

check("bias, debounce and inversion reach the kernel", async (t, { kernel, gpio }) => {
  kernel.add(RP1, 54);
  await gpio.open([
    { line: 1, direction: "in", bias: "pull-up", activeLow: true, debounceMs: 20 },
    { line: 2, direction: "in", bias: "pull-down" },
    { line: 3, direction: "out", bias: "off" },
  ]);
  const edges = LINE_FLAG.edgeRising | LINE_FLAG.edgeFalling | LINE_FLAG.input;
  const { flags, debounceUs } = kernel.line(RP1, 1);
  t.equal(flags, edges | LINE_FLAG.biasPullUp | LINE_FLAG.activeLow);
  t.equal(debounceUs, 20_000);
  t.equal(kernel.line(RP1, 2).flags, edges | LINE_FLAG.biasPullDown);
  t.equal(kernel.line(RP1, 3).flags, LINE_FLAG.output | LINE_FLAG.biasDisabled);
});

check(
  "edges carry the kernel's time, and those that the kernel had to drop are counted",
  async (t, { kernel, gpio }) => {
    kernel.add(RP1, 54);
    await gpio.open([{ line: 22, name: "button", direction: "in" }]);
    const edges: GpioEdge[] = [];
    gpio.onEdge((edge) => edges.push(edge));
    kernel.timeNs = 7_000_000n;
    for (let i = 0; i < 20; i++) kernel.drive(RP1, 22, i % 2 === 0 ? 1 : 0);
    kernel.timeNs = 12_500_000n;
    kernel.deliver();
    t.equal(edges.length, 16, "what the kernel kept");
    t.match(edges[0], { sequence: 5, lost: 4, kernelNs: "7000000", value: 1, at: 999_994 });
    t.match(edges[15], { sequence: 20, lost: 0, value: 0 });
  },
);

check("software pulses keep their share of time in the mean", async (t, { kernel, gpio, clock }) => {
  kernel.add(RP1, 54);
  await gpio.open([{ line: 5, direction: "out" }]);
  for (const duty of [0.05, 0.33, 0.5, 0.99]) {
    await gpio.pwm(5, duty);
    let on = 0;
    for (let ms = 0; ms < 2000; ms++) {
      await clock.advance(1);
      on += kernel.line(RP1, 5).level;
    }
    t.ok(Math.abs(on / 2000 - duty) < 0.01, `${duty}: ${on / 2000}`);
  }
  kernel.plug(RP1, false);
  await clock.advance(2000);
  t.match(gpio.list(), [{ unavailable: /no GPIO chip/ }], "a pulse ends with its chip");
});

check("what can be used here is told without taking anything", async (t, { kernel }) => {
  t.match(await gpioInfos(undefined, [], kernel), [
    { driver: "chardev", availability: { available: false } },
    { driver: "sysfs" },
  ]);
  kernel.add(RP1, 54, { 17: "GPIO17" });
  kernel.occupy(RP1, 18, "gpiomon");
  const lines = [
    { line: "GPIO17", name: "lamp", direction: "out" },
    { line: 18, direction: "in" },
    { line: 60, direction: "in" },
    { line: "GPIO60", direction: "in" },
    { line: 1, name: "fan", chip: "mcp23017", direction: "out" },
  ] as const;
  const [info] = await gpioInfos(undefined, lines, kernel);
  t.same(info?.chips, [{ label: RP1, file: "/dev/gpiochip0", lines: 54 }]);
  t.same(info?.lines, [
    { line: "GPIO17 (lamp)", available: true, reason: "free, input, GPIO17" },
    { line: "18", available: false, reason: "used by gpiomon, input" },
    { line: "60", available: false, reason: "pinctrl-rp1 has the lines 0 to 53" },
    { line: "GPIO60", available: false, reason: "no line of pinctrl-rp1 has the name GPIO60" },
    { line: "mcp23017/1 (fan)", available: false, reason: "no GPIO chip has the label mcp23017; here: pinctrl-rp1" },
  ]);
});

check("when the board's chip goes, no other takes its place", async (t, { kernel, gpio, clock }) => {
  kernel.add("mcp23017", 16);
  kernel.add(RP1, 54);
  await gpio.open([{ line: 3, direction: "out", initial: 1 }]);
  t.equal(kernel.line(RP1, 3).level, 1);
  kernel.plug(RP1, false);
  await clock.advance(4000);
  t.match(gpio.list(), [{ unavailable: "no GPIO chip has the label pinctrl-rp1; here: mcp23017" }]);
  t.equal(kernel.line("mcp23017", 3).level, 0);
});
