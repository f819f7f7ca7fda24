import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { ChardevGpio } from "./chardev.ts";
import { FakeGpio } from "./fake.ts";
import type { GpioPort } from "./port.ts";
import { StateFile } from "./state-file.ts";
import { SysfsGpio } from "./sysfs.ts";
import { gpioContract } from "./testing/contract.ts";
import { FakeKernel } from "./testing/fake-kernel.ts";
import { FakeSysfs } from "./testing/fake-sysfs.ts";

const LABEL = "pinctrl-rp1";
const CHECKS_MS = 5000;

gpioContract(t, "fake", (t) => {
  const clock = new FakeClock();
  const file = `${t.testdir({})}/pins.json`;
  const driven = new Map<number, 0 | 1>();
  const left = new Map<number, 0 | 1>();
  let gpio: FakeGpio | undefined;
  return {
    open: async (lines, startValue): Promise<GpioPort> => {
      gpio = new FakeGpio(clock, new StateFile(file));
      await gpio.open(lines, startValue);
      for (const [line, level] of driven) await gpio.drive(line, level);
      return gpio;
    },
    drive: async (line, level) => {
      driven.set(line, level);
      await gpio?.drive(line, level);
    },
    level: (line) => {
      try {
        const level = gpio?.level(line) ?? 0;
        left.set(line, level);
        return level;
      } catch {
        return left.get(line) ?? 0;
      }
    },
    until: async () => {},
    plug: (here) => (gpio as FakeGpio).lose(here ? undefined : "its chip is gone"),
  };
});

gpioContract(t, "chardev", () => {
  const clock = new FakeClock();
  const kernel = new FakeKernel();
  kernel.add("other", 8);
  kernel.add(LABEL, 54);
  return {
    open: async (lines, startValue) => {
      const gpio = new ChardevGpio({ kernel, clock, chip: undefined });
      await gpio.open(lines, startValue);
      return gpio;
    },
    drive: async (line, level) => {
      kernel.drive(LABEL, line, level);
      kernel.deliver();
    },
    level: (line) => kernel.line(LABEL, line).level,
    until: () => clock.advance(CHECKS_MS),
    plug: async (here) => kernel.plug(LABEL, here),
  };
});

gpioContract(t, "sysfs", () => {
  const clock = new FakeClock();
  const files = new FakeSysfs(LABEL, 512);
  return {
    open: async (lines, startValue) => {
      const gpio = new SysfsGpio({ files, clock, chip: undefined });
      await gpio.open(lines, startValue);
      return gpio;
    },
    drive: async (line, level) => files.drive(line, level),
    level: (line) => files.level(line),
    until: () => clock.advance(CHECKS_MS),
    plug: async (here) => files.plug(here),
  };
});
