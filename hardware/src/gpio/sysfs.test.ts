import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { createGpio, type GpioEdge } from "./index.ts";
import { systemSysfs } from "./sysfs-files.ts";
import { FakeKernel } from "./testing/fake-kernel.ts";
import { FakeSysfs } from "./testing/fake-sysfs.ts";

function setUp(t: Test, chip?: string) {
  const clock = new FakeClock(1_000_000);
  const files = new FakeSysfs("pinctrl-bcm2835", 512);
  const gpio = createGpio("sysfs", { clock, files, ...(chip === undefined ? {} : { chip }) });
  t.teardown(() => gpio.close());
  return { clock, files, gpio };
}

t.test("lines have the kernel's global numbers, from the chip's base on", async (t) => {
  const { files, gpio } = setUp(t);
  t.match(await gpio.availability(), { available: true, detail: "pinctrl-bcm2835 (line 0 is number 512)" });
  await gpio.open([{ line: 17, direction: "out", activeLow: true, initial: 1 }]);
  t.same(files.exported, [529]);
  t.equal(files.level(17), 0);
  await gpio.close();
  t.same(files.exported, []);
});

t.test("what it cannot do is the line's reason", async (t) => {
  const { files, gpio, clock } = setUp(t);
  files.busy.add(530);
  await gpio.open([
    { line: 17, direction: "in", bias: "pull-up" },
    { line: "GPIO18", direction: "in" },
    { line: 60, direction: "in" },
    { line: 18, direction: "out" },
    { line: 1, name: "fan", chip: "mcp23017", direction: "out" },
  ]);
  t.match(gpio.list(), [
    { unavailable: /no resistors/ },
    { unavailable: /does not know the name GPIO18/ },
    { unavailable: "pinctrl-bcm2835 has the lines 0 to 53" },
    { unavailable: "used by another program" },
    { unavailable: "no GPIO chip has the label mcp23017; here: pinctrl-bcm2835" },
  ]);
  files.busy.clear();
  await clock.advance(2000);
  t.match(gpio.list()[3], { value: 0 });
});

t.test("bounces are settled before an edge is told", async (t) => {
  const { files, gpio, clock } = setUp(t);
  await gpio.open([{ line: 5, direction: "in", debounceMs: 20 }]);
  const edges: GpioEdge[] = [];
  gpio.onEdge((edge) => edges.push(edge));
  for (let i = 0; i < 11; i++) files.drive(5, i % 2 === 0 ? 1 : 0);
  await clock.advance(19);
  t.equal(edges.length, 0);
  await clock.advance(1);
  for (let i = 0; i < 10; i++) files.drive(5, i % 2 === 0 ? 0 : 1);
  await clock.advance(100);
  t.same(
    edges.map(({ value, sequence }) => [value, sequence]),
    [[1, 1]],
    "back where it was: no edge",
  );
});

t.test("auto takes the character device where there is one, and sysfs where there is no other", async (t) => {
  const files = new FakeSysfs("pinctrl-bcm2835", 512);
  const kernel = new FakeKernel();
  t.equal(createGpio("auto", { kernel, files }).name, "sysfs");
  files.here = false;
  t.equal(createGpio("auto", { kernel, files }).name, "chardev", "which then says what is missing");
  files.here = true;
  kernel.add("pinctrl-rp1", 54);
  t.equal(createGpio("auto", { kernel, files }).name, "chardev");
});

t.test("files of a folder, and a folder that is not there", async (t) => {
  const root = t.testdir({ gpio529: { value: "1\n" } });
  const watched: (() => void)[] = [];
  const kernel = {
    watchPriority: (_: number, ready: () => void) => {
      watched.push(ready);
      return () => void watched.pop();
    },
  };
  const files = systemSysfs(kernel, root);
  t.same(files.names(), ["gpio529"]);
  t.equal(files.read("gpio529/value"), "1");
  files.write("gpio529/value", "0");
  t.equal(files.read("gpio529/value"), "0");
  let told = 0;
  const stop = files.watch("gpio529/value", () => told++);
  watched[0]?.();
  t.equal(told, 1);
  stop();
  t.equal(watched.length, 0);
  const none = createGpio("sysfs", { files: systemSysfs(kernel, path.join(root, "none")) });
  t.match(await none.availability(), { available: false, reason: /no \/sys\/class\/gpio: .*ENOENT/ });
});
