import type { Test } from "tap";
import type { GpioEdge, GpioPort, LineConfig, StartValue } from "../port.ts";

/** A driver with the world around its pins. */
export interface GpioBench {
  open(lines: readonly LineConfig[], startValue?: StartValue): Promise<GpioPort>;
  /** The world drives a pin to a voltage, and whatever tells the process of it has had time to. */
  drive(offset: number, level: 0 | 1): Promise<void>;
  /** The voltage that a meter would see. */
  level(offset: number): 0 | 1;
  /** Resolves once the condition holds. */
  until(condition: () => boolean): Promise<void>;
  /** A line that nobody holds any more goes back to where the world pulls it, and is an input. */
  readonly forgets?: boolean;
  /** The chip goes, and comes back; absent: it cannot. */
  plug?(here: boolean): Promise<void>;
}

const LINES: LineConfig[] = [
  { line: 17, name: "lamp", direction: "out", initial: 0 },
  { line: 18, name: "Hall  relay", direction: "out", activeLow: true, initial: 1 },
  { line: 22, name: "button", direction: "in", activeLow: true },
  { line: 23, direction: "in" },
];

/** What every driver of the port does, whatever is behind it. */
export function gpioContract(t: Test, name: string, make: (t: Test) => GpioBench): void {
  const check = (what: string, run: (t: Test, bench: GpioBench) => Promise<void>): void => {
    t.test(`${name}: ${what}`, (t) => run(t, make(t)));
  };

  check("outputs are written and read by logical value, by offset and by name", async (t, bench) => {
    const gpio = await bench.open(LINES);
    t.match(await gpio.availability(), { available: true });
    t.equal(bench.level(17), 0);
    t.equal(await gpio.read(18), 1, "initial value");
    t.equal(bench.level(18), 0, "active low: on is low");
    await gpio.write("Lamp", 1);
    await gpio.write(" hall RELAY ", 0);
    t.equal(await gpio.read(17), 1);
    t.equal(bench.level(17), 1);
    t.equal(bench.level(18), 1);
    t.match(gpio.list(), [
      { line: 17, name: "lamp", direction: "out", value: 1 },
      { line: 18, name: "Hall  relay", value: 0 },
      { line: 22, name: "button", direction: "in" },
      { line: 23 },
    ]);
    t.notOk(gpio.list().some((line) => "unavailable" in line || "duty" in line));
    await gpio.close();
    t.same(gpio.list(), []);
    await gpio.close();
  });

  check("an input tells each change of its logical value once, in order and counted", async (t, bench) => {
    await bench.drive(22, 1);
    const gpio = await bench.open(LINES);
    const edges: GpioEdge[] = [];
    const off = gpio.onEdge((edge) => edges.push(edge));
    for (const level of [0, 0, 1, 0] as const) await bench.drive(22, level);
    await bench.until(() => edges.length >= 3);
    await bench.drive(23, 1);
    await bench.until(() => edges.length >= 4);
    t.match(edges, [
      { line: 22, name: "button", value: 1, sequence: 1, lost: 0 },
      { line: 22, name: "button", value: 0, sequence: 2, lost: 0 },
      { line: 22, name: "button", value: 1, sequence: 3, lost: 0 },
      { line: 23, value: 1, sequence: 1, lost: 0 },
    ]);
    t.equal(edges.length, 4);
    t.ok(edges.every(({ at }) => Number.isInteger(at)));
    off();
    await bench.drive(22, 1);
    t.equal(await gpio.read("button"), 0);
    t.equal(edges.length, 4);
    await gpio.close();
  });

  check("an output without a start value goes on as it is, with one it takes that", async (t, bench) => {
    const lines: LineConfig[] = [
      { line: 5, direction: "out" },
      { line: 6, direction: "out", activeLow: true },
    ];
    const first = await bench.open(lines, () => 1);
    t.same([bench.level(5), bench.level(6)], [1, 0]);
    await first.close();
    const left = bench.forgets ? 0 : 1;
    t.same([bench.level(5), bench.level(6)], [left, 0], "closing leaves it alone");
    const asked: unknown[] = [];
    const second = await bench.open(lines, ({ line }, last) => {
      asked.push([line, last]);
      return line === 5 ? undefined : 0;
    });
    t.same([await second.read(5), await second.read(6)], [left, 0]);
    t.same([bench.level(5), bench.level(6)], [left, 1]);
    t.same(asked, [
      [5, undefined],
      [6, undefined],
    ]);
    await second.close();
  });

  check("a pulsed output has a duty until it is written again", async (t, bench) => {
    const gpio = await bench.open(LINES);
    await gpio.pwm("lamp", 0.25);
    t.match(gpio.list()[0], { line: 17, value: 1, duty: 0.25 });
    await gpio.pwm(17, 1);
    t.equal(bench.level(17), 1);
    await gpio.pwm(17, 0);
    t.match(gpio.list()[0], { value: 0, duty: 0 });
    t.equal(bench.level(17), 0);
    await gpio.pwm(17, 0.5);
    await gpio.write(17, 1);
    t.notOk("duty" in (gpio.list()[0] ?? {}));
    t.equal(bench.level(17), 1);
    await gpio.close();
  });

  check("wrong lines, directions and values are named", async (t, bench) => {
    const gpio = await bench.open(LINES);
    const wrong = (message: RegExp) => ({ code: "COMMAND_PARAMS", message });
    const known = /line 4 is not configured; configured: 17 \(lamp\), 18 \(Hall {2}relay\), 22 \(button\), 23/;
    await t.rejects(gpio.read(4), wrong(known));
    await t.rejects(gpio.read("17"), wrong(/line "17" is not configured/), "a number is no name");
    await t.rejects(gpio.write(22, 1), wrong(/line 22 is an input/));
    await t.rejects(gpio.pwm("button", 1), wrong(/line "button" is an input/));
    await t.rejects(gpio.write(17, 2 as 1), wrong(/value is 2/));
    await t.rejects(gpio.pwm(17, 1.5), wrong(/duty is 1.5/));
    for (const twice of [
      { line: 17, direction: "in" } as const,
      { line: 40, name: "LAMP", direction: "out" } as const,
    ]) {
      await t.rejects(bench.open([...LINES, twice]), { code: "CONFIG_INVALID", message: /twice/ });
    }
    await gpio.close();
  });

  check("a chip that goes is said with its reason, and its lines are taken again when it is back", async (t, bench) => {
    const { plug } = bench;
    if (!plug) {
      t.pass("chips cannot go with this driver");
      return;
    }
    const lines: LineConfig[] = [
      { line: 17, direction: "out" },
      { line: 22, name: "button", direction: "in" },
    ];
    const asked: unknown[] = [];
    const gpio = await bench.open(lines, (_, last) => {
      asked.push(last);
      return last === undefined ? 0 : last;
    });
    let changes = 0;
    gpio.onChange(() => changes++);
    const edges: GpioEdge[] = [];
    gpio.onEdge((edge) => edges.push(edge));
    await gpio.write(17, 1);
    await bench.drive(22, 1);
    await bench.until(() => edges.length === 1);
    await plug(false);
    await bench.until(() => gpio.list().every(({ unavailable }) => unavailable !== undefined));
    t.ok(changes > 0);
    await t.rejects(gpio.write(17, 0), { code: "HARDWARE_UNAVAILABLE", message: /line 17: / });
    await t.rejects(gpio.read("button"), { code: "HARDWARE_UNAVAILABLE", message: /line 22 \(button\): / });
    await plug(true);
    await bench.until(() => gpio.list().every(({ unavailable }) => unavailable === undefined));
    t.same(asked, [undefined, 1], "the output is asked for its value anew");
    t.equal(bench.level(17), 1);
    const level = bench.level(22) === 1 ? 0 : 1;
    await bench.drive(22, level);
    await bench.until(() => edges.length === 2);
    t.match(edges[1], { value: level, sequence: 2, lost: 0 }, "edges are counted on");
    await gpio.close();
  });
}
