import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { BoardTelemetry, validator } from "@barnacle/protocol/schema";
import t from "tap";
import { countCores, parseCpuTimes, usedPercent } from "./cpu.ts";
import { createBoardMonitor, FakeBoard } from "./index.ts";
import { readInventory } from "./inventory.ts";
import { parseThrottled } from "./throttled.ts";

const check = validator(BoardTelemetry);

/** Files of a Pi 4 in a living room, on Wi-Fi, with a weak power supply. */
const PI4 = {
  proc: {
    stat: "cpu  1000 0 500 8000 100 0 50 0 0 0\ncpu0 250 0 125 2000 25 0 12 0 0 0\ncpu1 250 0 125 2000 25 0 12 0 0 0\ncpu2 250 0 125 2000 25 0 13 0 0 0\ncpu3 250 0 125 2000 25 0 13 0 0 0\nintr 1\n",
    loadavg: "0.42 0.30 0.25 1/180 1234\n",
    uptime: "86400.12 300000.00\n",
    meminfo: "MemTotal:        3884360 kB\nMemFree:         2000000 kB\nMemAvailable:    3000000 kB\n",
    "device-tree": { model: "Raspberry Pi 4 Model B Rev 1.4\0" },
    net: {
      route:
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\nwlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\n",
      wireless:
        "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n wlan0: 0000   62.  -48.  -256        0      0      0      0      0        0\n",
    },
  },
  sys: {
    class: {
      thermal: {
        thermal_zone0: { type: "gpu-thermal\n", temp: "40000\n" },
        thermal_zone1: { type: "cpu-thermal\n", temp: "54321\n" },
      },
      net: {
        eth0: { operstate: "down\n", type: "1\n" },
        lo: { operstate: "unknown\n", type: "772\n" },
        wlan0: { operstate: "up\n", type: "1\n", wireless: { link: "62\n" } },
      },
    },
    devices: { platform: { soc: { "soc:firmware": { get_throttled: "50005\n" } } } },
  },
};

/** A virtual machine: no thermal zone, no firmware, no device tree. */
const VM = {
  proc: {
    stat: "cpu  104458 66775 15359 468475 1125 0 283 101 0 0\ncpu0 56567 37495 6540 227355 230 0 44 47 0 0\ncpu1 47891 29280 8819 241120 894 0 238 54 0 0\n",
    loadavg: "0.74 0.78 0.93 1/94 24279\n",
    uptime: "3294.50 4684.79\n",
    meminfo: "MemTotal:       24684092 kB\nMemFree:        23808240 kB\nMemAvailable:   24098204 kB\n",
    net: {
      route:
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\n",
    },
  },
  sys: {
    class: {
      net: { eth0: { operstate: "up\n", type: "1\n" }, ifb0: { operstate: "down\n", type: "1\n" } },
      dmi: { id: { product_name: "Virtual Machine\n" } },
    },
  },
};

t.test("a Pi 4 is read whole", async (t) => {
  const root = t.testdir(PI4);
  const board = createBoardMonitor({ root, rss: () => 77 });
  const { disk, ...rest } = await board.sample();
  t.same(rest, {
    uptimeS: 86400.12,
    cpu: { load1: 0.42, cores: 4 },
    temperatureC: 54.3,
    throttled: { now: true, since: true, reasons: ["under-voltage", "throttled"] },
    memory: { totalBytes: 3884360 * 1024, availableBytes: 3000000 * 1024, agentRssBytes: 77 },
    link: { name: "wlan0", kind: "wifi", up: true, signalDbm: -48 },
  });
  t.ok(disk && disk.totalBytes >= disk.freeBytes && disk.totalBytes > 0);
  t.equal(await board.model(), "Raspberry Pi 4 Model B Rev 1.4");
});

t.test("the processor's share is counted between two samples", async (t) => {
  const root = t.testdir(PI4);
  const board = createBoardMonitor({ root });
  await board.sample();
  await writeFile(path.join(root, "proc/stat"), "cpu  1100 0 550 8200 150 0 100 0 0 0\ncpu0 1 1 1 1 1\n");
  // 450 ticks passed, 250 of them idle or waiting.
  t.match(await board.sample(), { cpu: { usedPercent: 44.4, cores: 1 } });
  t.notOk("usedPercent" in ((await board.sample()).cpu ?? {}), "no time passed, so no share");
});

t.test("a virtual machine leaves out what it has not", async (t) => {
  const board = createBoardMonitor({ root: t.testdir(VM) });
  const sample = await board.sample();
  t.notOk("temperatureC" in sample);
  t.notOk("throttled" in sample);
  t.same(sample.link, { name: "eth0", kind: "ethernet", up: true });
  t.ok(check.check(sample));
  t.match(await board.model(), /^Virtual Machine \(/);
});

t.test("an empty root gives an empty but valid sample", async (t) => {
  const root = t.testdir();
  const sample = await createBoardMonitor({ root, diskPath: path.join(root, "absent") }).sample();
  t.same(sample, {});
  t.ok(check.check(sample));
});

t.test("garbage in the kernel's files is left out", async (t) => {
  const root = t.testdir(PI4);
  await writeFile(path.join(root, "proc/stat"), "cpu  a b c d\n");
  await writeFile(path.join(root, "proc/meminfo"), "MemTotal: many\n");
  await writeFile(path.join(root, "sys/class/thermal/thermal_zone1/temp"), "hot\n");
  await writeFile(path.join(root, "sys/devices/platform/soc/soc:firmware/get_throttled"), "?\n");
  await rm(path.join(root, "proc/net/route"));
  const sample = await createBoardMonitor({ root }).sample();
  for (const name of ["temperatureC", "throttled", "memory"]) t.notOk(name in sample, name);
  t.equal(sample.link?.name, "wlan0", "without a route the interface that is up");
  t.ok(check.check(sample));
});

t.test("this machine's own readings fit the schema", async (t) => {
  const board = createBoardMonitor();
  t.ok(check.check(await board.sample()));
  t.not(await board.model(), "");
});

t.test("throttling tells present from past", async (t) => {
  t.same(parseThrottled("0x0"), { now: false, since: false, reasons: [] });
  t.same(parseThrottled("0x80000"), { now: false, since: true, reasons: ["soft temperature limit (past)"] });
  t.same(parseThrottled("e0002\n"), {
    now: true,
    since: true,
    reasons: ["frequency capped", "throttled (past)", "soft temperature limit (past)"],
  });
  t.equal(parseThrottled("no"), undefined);
});

t.test("processor times", async (t) => {
  t.equal(parseCpuTimes("intr 1\n"), undefined);
  t.equal(countCores("intr 1\n"), undefined);
  t.equal(usedPercent({ busy: 10, total: 100 }, { busy: 9, total: 110 }), 0, "counters that run back never go below 0");
});

t.test("a fake board says what it was told", async (t) => {
  const board = new FakeBoard({ temperatureC: 90 }, "hot");
  t.same(await board.sample(), { temperatureC: 90 });
  t.equal(await board.model(), "hot");
});

t.test("a battery and sound devices, where there are any", async (t) => {
  const root = t.testdir({
    proc: { asound: { pcm: "00-00: a : a : playback 1 : capture 1\n01-00: b : b : playback 8\n" } },
    sys: {
      class: {
        power_supply: {
          AC: { type: "Mains\n", online: "1\n" },
          BAT0: { type: "Battery\n", capacity: "87\n", status: "Discharging\n" },
        },
      },
    },
  });
  const sample = await createBoardMonitor({ root }).sample();
  t.same(sample.battery, { percent: 87, charging: false });
  t.same(sample.sound, { capture: 1, playback: 2 });
  t.ok(check.check(sample));
});

t.test("this machine's inventory comes from a process that ends with it; one that fails is named", async (t) => {
  const board = createBoardMonitor();
  const inventory = await board.inventory();
  t.type(inventory.cores, "number");
  t.match(inventory.system, /./);
  t.match(await board.boot(), /^[0-9a-f-]{36}$/);
  t.equal(await createBoardMonitor({ root: t.testdir() }).boot(), undefined);
  const dir = t.testdir({
    "nonsense.mjs": "process.stdout.write('hello')",
    "wrong.mjs": "process.stdout.write('{\"cores\":-1}')",
  });
  await t.rejects(readInventory(path.join(dir, "nonsense.mjs")), {
    code: "HARDWARE_UNAVAILABLE",
    message: /inventory/,
  });
  await t.rejects(readInventory(path.join(dir, "wrong.mjs")), { code: "HARDWARE_UNAVAILABLE", message: /cores/ });
  await t.rejects(readInventory(path.join(dir, "absent.mjs")), { code: "HARDWARE_UNAVAILABLE" });
});
