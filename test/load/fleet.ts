/**
 * A fleet on one hub: what ten thousand nodes cost it at rest, and how long a storm of reconnects takes to settle. The same
 * nodes then do the same to mosquitto, with one subscriber that reads everything, as a hub beside it would.
 *
 *   node test/load/fleet.ts [--nodes 10000] [--storm 5000] [--seconds 60] [--no-peer] [--json]
 *
 * A real hub, and processes that hold the nodes as bare sockets: clean sessions, retained birth and will, four
 * subscriptions, a manifest, telemetry every 10 s. Needs as many file descriptors as nodes, `ulimit -n 20000`. A storm
 * cuts half of the fleet without a farewell and lets all of it come back at once, without the pauses that real nodes make.
 */
import { type ChildProcess, fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import { AuditTrail } from "../../hub/src/audit/index.ts";
import { DeviceRegistry } from "../../hub/src/devices/index.ts";
import { saveDevice } from "../../hub/src/devices/row.ts";
import { pairedNode } from "../../hub/src/devices/testing.ts";
import { Store } from "../../hub/src/store/index.ts";
import { House } from "../support/house.ts";
import type { Order, Told } from "./fleet-nodes.ts";
import { connectPacket, subscribePacket } from "./fleet-packets.ts";
import { cpuSeconds, residentBytes } from "./gateway-subject.ts";
import { type Figure, machine, megabytes, report } from "./machine.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "10000" },
    storm: { type: "string", default: "5000" },
    seconds: { type: "string", default: "60" },
    peer: { type: "boolean", default: true },
    json: { type: "boolean", default: false },
  },
  allowNegative: true,
});
const count = Number(values.nodes);
const storm = Number(values.storm);
const HOLDERS = 2;
const AT_ONCE = 50;
const EVERY_MS = 10_000;
const SETTLE_MS = 12_000;
const PAIRINGS = 200;
const SITE = "home";

interface Measured {
  readonly connectMs: number;
  readonly share: number;
  readonly bytes: number;
  readonly stormMs: number;
  readonly stormCpuMs: number;
  readonly lost: number;
  readonly sent: number;
}

const open = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
if (open < count + 500) {
  process.stderr.write(`${count} nodes need ${count + 500} file descriptors, and the limit is ${open}: ulimit -n\n`);
  process.exit(2);
}
const dir = mkdtempSync(path.join(tmpdir(), "barnacle-fleet-"));
const holders: ChildProcess[] = [];
try {
  await makeNodes();
  const house = new House(dir, { hub: { mqtt: { maxConnections: count + 100 } } });
  const pairingMs = await register(house.hubState);
  let ours: Measured;
  try {
    const hub = await house.startHub();
    ours = await measure(hub.pid, house.mqttPort);
    const { devices } = await house.call<{ devices: { telemetryAtMs?: number }[] }>(
      "barnacle.devices.list",
      {},
      60_000,
    );
    process.stderr.write(`devices with telemetry: ${devices.filter(({ telemetryAtMs }) => telemetryAtMs).length}\n`);
  } finally {
    await house.close();
  }
  await Promise.all(holders.map((holder) => told(holder, { do: "end" })));
  const theirs = values.peer && spawnSync("mosquitto", ["-h"]).error === undefined ? await peer() : undefined;
  const figures: Figure[] = [
    { name: "processor time per pairing", value: round(pairingMs), limit: 5, unit: "ms" },
    { name: "processor time per first connect", value: round(ours.connectMs), limit: 5, unit: "ms" },
    { name: "hub at rest, share of one core", value: round(ours.share * 100), limit: 50, unit: "%" },
    { name: "hub at rest, resident memory", value: megabytes(ours.bytes), limit: 400, unit: "MB" },
    { name: "connections lost", value: ours.lost, limit: 0, unit: "" },
    {
      name: `storm of ${storm}: until the last birth is acknowledged`,
      value: round(ours.stormMs / 1000),
      limit: 10,
      unit: "s",
    },
    { name: "storm: processor time per reconnect", value: round(ours.stormCpuMs), limit: 2, unit: "ms" },
  ];
  if (theirs) {
    process.stderr.write(
      `mosquitto: first connect ${round(theirs.connectMs)} ms, ${round(theirs.share * 100)} % of a core, ${megabytes(theirs.bytes)} MB, storm ${round(theirs.stormMs / 1000)} s, ${round(theirs.stormCpuMs)} ms each\n`,
    );
  }
  report("A fleet on one hub", `${count} nodes`, "node test/load/fleet.ts", figures, values.json);
} finally {
  for (const holder of holders) holder.kill();
  rmSync(dir, { recursive: true, force: true });
}

async function makeNodes(): Promise<void> {
  const share = Math.ceil(count / HOLDERS);
  for (let i = 0; i < HOLDERS; i++) {
    const many = Math.min(share, count - i * share);
    const args = [i * share, many, SITE, path.join(dir, `keys-${i}`)].map(String);
    holders.push(
      fork(path.join(import.meta.dirname, "fleet-nodes.ts"), args, {
        execArgv: ["--disable-warning=ExperimentalWarning"],
      }),
    );
  }
  await Promise.all(holders.map((holder) => once(holder, "message")));
}

/** Pairs some nodes, each with a setup code, and writes the others into the registry at once; resolves with the cost of a pairing. */
async function register(stateDir: string): Promise<number> {
  const [clock, log] = [systemClock, silentLog];
  const store = new Store({ stateDir, clock, log });
  await store.start();
  const audit = new AuditTrail({ store, clock, log });
  const devices = new DeviceRegistry({
    ...{ store, clock, log, audit, random: systemRandom, site: SITE, hubName: "Fleet" },
    mqttAddress: () => ({ port: 1883, tls: false }),
  });
  await audit.start();
  await devices.start();
  const before = process.cpuUsage();
  for (let i = 0; i < PAIRINGS; i++) await pairedNode(devices, `Paired ${i}`);
  const { user, system } = process.cpuUsage(before);
  const now = Date.now();
  store.transaction(() => {
    for (let i = 0; i < HOLDERS; i++) {
      for (const line of readFileSync(path.join(dir, `keys-${i}`), "utf8").split("\n")) {
        const [number = "", deviceId = "", publicKey = ""] = line.split(" ");
        const times = { createdAtMs: now, approvedAtMs: now, approvedBy: "setup-code", blocked: false };
        saveDevice(store, {
          ...{ deviceId, publicKey, ownName: `Node ${number}`, ...times, roles: ["node"], scopes: [] },
          approvedCommands: ["gpio.write", "device.health"],
        });
      }
    }
  });
  await devices.stop();
  await audit.stop();
  await store.stop();
  return (user + system) / 1000 / PAIRINGS;
}

async function measure(pid: number, port: number): Promise<Measured> {
  const begin = cpuSeconds(pid);
  await Promise.all(holders.map((holder) => told(holder, { do: "connect", port, atOnce: AT_ONCE })));
  const connectMs = ((cpuSeconds(pid) - begin) * 1000) / count;
  await Promise.all(holders.map((holder) => told(holder, { do: "report", everyMs: EVERY_MS })));
  await pause(SETTLE_MS);
  const restBegin = cpuSeconds(pid);
  const began = performance.now();
  await pause(Number(values.seconds) * 1000);
  const share = (cpuSeconds(pid) - restBegin) / ((performance.now() - began) / 1000);
  const bytes = residentBytes(pid);
  const order = { do: "storm", port, count: Math.round(storm / HOLDERS) } as const;
  await Promise.all(holders.map((holder) => told(holder, { ...order, prepare: true })));
  const stormBegin = cpuSeconds(pid);
  const stormAt = performance.now();
  const after = await Promise.all(holders.map((holder) => told(holder, order)));
  const stormMs = performance.now() - stormAt;
  const stormCpuMs = ((cpuSeconds(pid) - stormBegin) * 1000) / storm;
  const online = sum(after, (one) => one.online);
  const lost = sum(after, (one) => one.lost + one.refused) + count - online;
  return { connectMs, share, bytes, stormMs, stormCpuMs, lost, sent: sum(after, (one) => one.sent) };
}

async function peer(): Promise<Measured> {
  const port = await freePort();
  const file = path.join(dir, "mosquitto.conf");
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_connections -1\nlog_type error\n`);
  const broker = spawn("mosquitto", ["-c", file], { stdio: "ignore" });
  try {
    await pause(1000);
    const reader = createConnection(port, "127.0.0.1");
    const will = { topic: "reader", payload: Buffer.from("gone") };
    reader.write(connectPacket({ clientId: "reader", password: "", keepaliveS: 0, will }));
    reader.write(subscribePacket(1, ["barnacle/+/v1/+/state", "barnacle/+/v1/+/caps", "barnacle/+/v1/+/tele/board"]));
    reader.resume();
    const measured = await measure(broker.pid ?? 0, port);
    reader.destroy();
    return measured;
  } finally {
    broker.kill();
  }
}

async function told(holder: ChildProcess, order: Order): Promise<Told> {
  holder.send(order);
  const [answer] = (await once(holder, "message")) as [Told];
  return answer;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

function sum<T>(all: readonly T[], of: (one: T) => number): number {
  return all.reduce((total, one) => total + of(one), 0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

process.stderr.write(`${machine()}\n`);
