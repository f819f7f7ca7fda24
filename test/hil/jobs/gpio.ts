// The drivers of hardware/gpio on a kernel's own chips: the contract that they keep in memory too, and what only a kernel shows.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test as T } from "tap";
import { createGpio, type GpioEdge, type GpioPort, gpioInfos } from "../../../hardware/src/gpio/index.ts";
import { gpioContract } from "../../../hardware/src/gpio/testing/contract.ts";
import { SimGpio } from "../devices/sim-gpio.ts";

const BOARDS = [
  { label: "pinctrl-rp1", lines: 54 },
  { label: "pinctrl-bcm2711", lines: 58 },
] as const;
/** More than the 256 that the driver has the kernel keep. */
const FLOOD = 400;

t.setTimeout(120_000);
// Nothing of a driver keeps a process alive.
const alive = setInterval(() => {}, 60_000);
t.teardown(() => clearInterval(alive));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

let chips = 0;
/** A chip of a board, gone again at the end of the test. */
function board(t: T, { label, lines }: (typeof BOARDS)[number], names: Record<number, string> = {}): SimGpio {
  const chip = new SimGpio(`board${chips++}`, { label, lines, names });
  t.teardown(() => chip.remove());
  return chip;
}

/** Every driver over a kernel's chip. */
function onKernel(driver: "chardev" | "sysfs", kind: (typeof BOARDS)[number]): void {
  gpioContract(t, `${driver} on ${kind.label}`, (t) => {
    const chip = board(t, kind);
    return {
      open: async (lines, startValue) => {
        const gpio = createGpio(driver);
        await gpio.open(lines, startValue);
        return gpio;
      },
      drive: async (line, level) => {
        chip.drive(line, level);
        // Whoever does not listen hears nothing either; without a count of the kernel's an edge must be read before the next.
        await pause(20);
      },
      level: (line) => chip.level(line),
      until,
      forgets: true,
      // A chip that goes while a line of it is exported takes the folder with it.
      plug: async (here) => chip.plug(here),
    };
  });
}

for (const kind of BOARDS) onKernel("chardev", kind);
onKernel("sysfs", BOARDS[1]);

async function opened(t: T, lines: Parameters<GpioPort["open"]>[0]) {
  const gpio = createGpio("chardev");
  t.teardown(() => gpio.close());
  const edges: GpioEdge[] = [];
  gpio.onEdge((edge) => edges.push(edge));
  await gpio.open(lines);
  return { gpio, edges };
}

t.test("the board's chip among others, lines by the kernel's names", async (t) => {
  const expander = new SimGpio("expander", { label: "mcp23017", lines: 16 });
  t.teardown(() => expander.remove());
  const chip = board(t, BOARDS[0], { 17: "GPIO17", 4: "BELL" });
  const { gpio, edges } = await opened(t, [
    { line: "GPIO17", name: "lamp", direction: "out" },
    { line: "BELL", direction: "in" },
    { line: 3, name: "fan", chip: "mcp23017", direction: "out" },
    { line: "GPIO18", direction: "out" },
  ]);
  t.match(await gpio.availability(), { detail: /^pinctrl-rp1 \(.*54 lines\)$/ });
  await gpio.write("lamp", 1);
  await gpio.write("fan", 1);
  t.same([chip.level(17), chip.level(3), expander.level(3)], [1, 0, 1]);
  chip.drive(4, 1);
  await until(() => edges.length === 1);
  t.match(edges, [{ line: 4, value: 1, sequence: 1 }]);
  t.match(gpio.list()[3], { unavailable: "no line of pinctrl-rp1 has the name GPIO18" });
});

t.test("pull-ups, inversion and the kernel's clock", async (t) => {
  const chip = board(t, BOARDS[0]);
  const { gpio, edges } = await opened(t, [
    { line: 5, direction: "in", bias: "pull-up", activeLow: true },
    { line: 6, direction: "in", bias: "pull-down" },
  ]);
  t.equal(chip.level(5), 1, "the resistor pulls");
  t.equal(chip.level(6), 0);
  t.equal(await gpio.read(5), 0);
  const before = process.hrtime.bigint();
  chip.drive(5, 0);
  await until(() => edges.length === 1);
  const at = BigInt(edges[0]?.kernelNs ?? 0);
  t.equal(edges[0]?.value, 1, "pressed");
  t.ok(at >= before && at <= process.hrtime.bigint(), "the edge has the time at which it was");
});

t.test("eleven bounces within the debounce time are one press, and one release", async (t) => {
  const chip = board(t, BOARDS[1]);
  const { edges } = await opened(t, [{ line: 20, direction: "in", debounceMs: 20 }]);
  for (let i = 0; i < 11; i++) chip.drive(20, i % 2 === 0 ? 1 : 0);
  await pause(200);
  for (let i = 0; i < 11; i++) chip.drive(20, i % 2 === 0 ? 0 : 1);
  await pause(200);
  t.same(
    edges.map(({ value, sequence }) => [value, sequence]),
    [
      [1, 1],
      [0, 2],
    ],
  );
});

t.test("edges that nobody reads in time are lost by number", async (t) => {
  const chip = board(t, BOARDS[0]);
  const { edges } = await opened(t, [{ line: 9, direction: "in" }]);
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < FLOOD; i++) {
    chip.drive(9, i % 2 === 0 ? 1 : 0);
    // The event loop stands still meanwhile; the simulator tells of one edge in a tick of its clock.
    Atomics.wait(asleep, 0, 0, 15);
  }
  await until(() => edges.length > 0);
  await pause(500);
  const lost = edges.reduce((sum, edge) => sum + edge.lost, 0);
  t.ok(lost > 0, `${lost} lost`);
  t.equal(edges.length + lost, edges.at(-1)?.sequence, "every edge was told, or counted as lost");
});

t.test("a line that another program holds is named with it, and had once it is free", async (t) => {
  const chip = board(t, BOARDS[0]);
  const other = spawn("gpioset", ["--mode=signal", chip.chip, "17=1"], { stdio: "ignore" });
  while ((await gpioInfos(undefined, [{ line: 17, direction: "out" }]))[0]?.lines?.[0]?.available) await pause(20);
  const { gpio } = await opened(t, [
    { line: 17, direction: "out" },
    { line: 18, direction: "out" },
  ]);
  t.match(gpio.list(), [{ unavailable: "used by gpioset" }, { value: 0 }]);
  await t.rejects(gpio.write(17, 0), { code: "HARDWARE_UNAVAILABLE", message: /line 17: used by gpioset/ });
  await gpio.write(18, 1);
  other.kill();
  await once(other, "exit");
  await until(() => gpio.list()[0]?.unavailable === undefined);
  await gpio.write(17, 0);
  t.equal(chip.level(17), 0);
  const [info] = await gpioInfos(undefined, [{ line: 17, direction: "out" }]);
  t.match(info?.lines, [{ line: "17", available: true, reason: "used by barnacle-node, output" }]);
});

t.test("without permission, and without a chip, the reason is told", async (t) => {
  const none = createGpio("chardev");
  t.match(await none.availability(), { available: false, reason: "no GPIO chip (/dev/gpiochip*)" });
  const chip = board(t, BOARDS[0]);
  process.setegid?.(65_534);
  process.seteuid?.(65_534);
  t.teardown(() => process.seteuid?.(0));
  t.match(await none.availability(), { available: false, reason: `no permission for ${chip.device}`, hint: /usermod/ });
  process.seteuid?.(0);
  t.match(await none.availability(), { available: true });
});

t.test("a pin that is pulsed has its share of time on", async (t) => {
  const chip = board(t, BOARDS[0]);
  const { gpio } = await opened(t, [{ line: 12, direction: "out" }]);
  await gpio.pwm(12, 0.5);
  const seen = new Set<number>();
  await until(() => seen.add(chip.level(12)).size === 2);
  t.match(gpio.list()[0], { duty: 0.5 });
  await gpio.pwm(12, 0);
  t.equal(chip.level(12), 0);
});
