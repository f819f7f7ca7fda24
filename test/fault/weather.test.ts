import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import type { DeviceRecord } from "../../hub/src/services.ts";
import { House, LIGHT, linkUp } from "../support/house.ts";
import { NODE_BIN, runOnce } from "../support/process.ts";

const BARE = {
  microphone: { driver: "none" },
  wake: { engine: "none" },
  speech: { engine: "none" },
  voice: { engine: "none", player: "none" },
};
const YEAR_MS = 365 * 24 * 3600 * 1000;

type Answer = { ok: boolean; error?: { code: string } };

async function theNode(house: House): Promise<DeviceRecord> {
  return house.eventually("the node's manifest", async () => {
    const { devices } = await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
    return devices.find(({ manifest, online }) => manifest !== undefined && online);
  });
}

let keys = 0;
/** As an operator; the refusal's code, or "ok". */
async function invoke(house: House, command: string, params: object): Promise<string> {
  const { deviceId } = await theNode(house);
  const request = { nodeId: deviceId, command, params, idempotencyKey: `w-${process.pid}-${keys++}` };
  try {
    const answer = await house.call<Answer>("node.invoke", request);
    return answer.ok ? "ok" : (answer.error?.code ?? "failed");
  } catch (error) {
    return `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }
}

function mount(...args: string[]): boolean {
  return spawnSync("mount", args, { encoding: "utf8" }).status === 0;
}

async function doctor(house: House): Promise<{ available: boolean; reason?: string }> {
  const { stdout } = await runOnce(NODE_BIN, ["doctor", "--json", "--state-dir", house.nodeState]);
  const report = JSON.parse(stdout) as { storage: { availability: { available: boolean; reason?: string } }[] };
  return report.storage[0]?.availability ?? { available: false, reason: "not told" };
}

t.test("a board with nothing on it starts, says what it lacks, and obeys what it can", async (t) => {
  const house = new House(t.testdir(), { node: { ...BARE, gpio: { driver: "none" }, appliances: [] } });
  t.teardown(() => house.close());
  await house.open();
  const { manifest } = await theNode(house);
  for (const name of ["audio.capture", "voice.wake", "speech.recognise", "audio.play", "talk.speak", "gpio", "hid"]) {
    const found = manifest?.capabilities.find((capability) => capability.name === name);
    t.match(found, { available: false, reason: /not configured/ }, name);
  }
  t.equal(await invoke(house, "device.health", {}), "ok");
  const offered = manifest?.commands.map(({ name }) => name) ?? [];
  t.notOk(offered.includes("gpio.write") || offered.includes("talk.speak"), "what it cannot do it does not offer");
});

/** A house whose node keeps its state on a small file system of its own; undefined where that cannot be mounted. */
function houseOnSmallDisk(t: Test): House | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-weather-"));
  const state = path.join(dir, "node");
  mkdirSync(state);
  const mounted = mount("-t", "tmpfs", "-o", "size=1m,mode=0700", "barnacle-test", state);
  const house = new House(dir, { node: BARE });
  t.teardown(async () => {
    await house.close();
    if (mounted) spawnSync("umount", ["-l", state]);
    rmSync(dir, { recursive: true, force: true });
  });
  return mounted ? house : undefined;
}

t.test("a disk that is read-only or full: the node starts, says so, loses nothing, and heals", async (t) => {
  const house = houseOnSmallDisk(t);
  if (!house) {
    t.comment("skipped: mounting a file system needs root");
    return;
  }
  const first = await house.open();
  t.equal(await invoke(house, "gpio.write", { line: LIGHT, value: 1 }), "ok");
  t.equal((await theNode(house)).telemetry?.storage?.writable ?? true, true);
  // As the power went, with its log not yet folded into the database.
  await first.kill();

  const fill = path.join(house.nodeState, "fill");
  const badWeather: [string, () => void, () => void][] = [
    [
      "read-only",
      () => void mount("-o", "remount,ro", house.nodeState),
      () => void mount("-o", "remount,rw", house.nodeState),
    ],
    [
      "full",
      () => {
        const { bavail, bsize } = statfsSync(house.nodeState);
        writeFileSync(fill, Buffer.alloc(bavail * bsize));
      },
      () => rmSync(fill),
    ],
  ];
  for (const [name, begin, end] of badWeather) {
    begin();
    const node = house.startNode();
    const sick = await node.line("word of the disk", (line) => line.part === "disk" && line.state === "unwritable");
    t.ok(sick.reason, `${name}: ${sick.reason}`);
    await linkUp(node);
    const device = await house.eventually("telemetry", async () => {
      const found = await theNode(house);
      return found.telemetry?.storage?.writable === false ? found : undefined;
    });
    t.match(
      device.manifest?.capabilities.find((c) => c.name === "storage"),
      { available: false, reason: String },
      name,
    );
    t.notOk((await doctor(house)).available, `${name}: doctor says so`);
    t.equal(await invoke(house, "device.health", {}), "ok", `${name}: it answers`);
    t.match(
      await invoke(house, "gpio.write", { line: LIGHT, value: 0 }),
      /STATE_UNWRITABLE/,
      `${name}: no deed without a record`,
    );
    t.equal(house.light(), 1);
    end();
    await node.line("the disk to be well", (line) => line.part === "disk" && line.state === "ok");
    t.equal(await invoke(house, "gpio.write", { line: LIGHT, value: 1 }), "ok", `${name}: healed without a restart`);
    t.ok((await doctor(house)).available);
    await node.kill();
  }
  const last = house.startNode();
  await linkUp(last);
  t.same(
    (await house.call<{ devices: DeviceRecord[] }>("barnacle.devices.list")).devices.filter((d) => d.manifest).length,
    1,
    "it was the same node all along",
  );
});

t.test(
  "a disk that fills up while the node runs: events wait in memory and arrive; then they are written again",
  async (t) => {
    const house = houseOnSmallDisk(t);
    if (!house) {
      t.comment("skipped: mounting a file system needs root");
      return;
    }
    const node = await house.open();
    const fill = path.join(house.nodeState, "fill");
    const { bavail, bsize } = statfsSync(house.nodeState);
    writeFileSync(fill, Buffer.alloc(bavail * bsize));
    t.match(await invoke(house, "gpio.write", { line: LIGHT, value: 1 }), /STATE_UNWRITABLE/);
    await house.hub?.kill();
    await node.line("the loss of the hub", (line) => line.part === "link" && line.state === "waiting");
    const from = node.lines.length;
    await house.startHub();
    await linkUp(node, from);
    t.equal(await invoke(house, "device.health", {}), "ok", "it came back to the hub without a disk");
    rmSync(fill);
    t.equal(await invoke(house, "gpio.write", { line: LIGHT, value: 1 }), "ok");
  },
);

t.test(
  "a clock that is years off, or jumps: paired, connected, obeying, and back after a restart in the past",
  async (t) => {
    const dir = t.testdir({
      "clock.mjs": `import { readFileSync } from "node:fs";
      const file = process.env.BARNACLE_TEST_CLOCK;
      const now = Date.now;
      let offset = 0;
      const read = () => { try { offset = Number(readFileSync(file, "utf8")) || offset; } catch {} };
      read();
      setInterval(read, 100).unref();
      Date.now = () => now() + offset;`,
    });
    const clock = path.join(dir, "offset");
    const set = (years: number): void => writeFileSync(clock, String(Math.round(years * YEAR_MS)));
    set(-25);
    const env = {
      NODE_OPTIONS: `--import=${path.join(dir, "clock.mjs")}`,
      BARNACLE_TEST_CLOCK: clock,
    };
    const house = new House(dir, { node: { ...BARE, telemetry: { intervalS: 1 } }, nodeEnv: env });
    t.teardown(() => house.close());
    const node = await house.open();
    const year = (line: { at?: unknown } | undefined): number => new Date(Number(line?.at)).getUTCFullYear();
    t.ok(year(node.lines[0]) < 2010, "the node really lives in another time");
    t.equal(await invoke(house, "gpio.write", { line: LIGHT, value: 1 }), "ok", "25 years behind");
    for (const years of [30, -40]) {
      set(years);
      await house.eventually("telemetry after the jump", async () => {
        const { telemetryAtMs } = await theNode(house);
        return telemetryAtMs;
      });
      const value = years > 0 ? 0 : 1;
      t.equal(await invoke(house, "gpio.write", { line: LIGHT, value }), "ok", `${years} years`);
      t.equal(house.light(), value);
    }
    t.equal(
      node.lines.filter((line) => line.part === "link" && line.state === "online").length,
      1,
      "no jump broke the link",
    );
    set(30);
    await node.kill();
    await linkUp(house.startNode());
    await house.node?.kill();
    set(-25);
    await linkUp(house.startNode());
    t.equal(await invoke(house, "gpio.write", { line: LIGHT, value: 0 }), "ok", "restarted 55 years earlier");
  },
);
