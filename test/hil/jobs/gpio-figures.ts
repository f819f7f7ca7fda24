// How long an edge takes to the hub and a command to the line, beside what the guest's kernel needs for it. Prints one JSON line.
import { mkdtempSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateIdentity } from "@barnacle/protocol/identity";
import { createGpio } from "../../../hardware/src/gpio/index.ts";
import { GatewayClient } from "../../../hub/src/cli/gateway/client.ts";
import { House, LIGHT } from "../../support/house.ts";
import { SimGpio } from "../devices/sim-gpio.ts";

const ROUNDS = Number(process.env.ROUNDS ?? 100);
const WARM_UP = 20;
const BELL = 22;
const DIRECTORIES = { disk: "/var/tmp", memory: "/dev/shm" };

const chip = new SimGpio("pi");
const alive = setInterval(() => {}, 60_000);

/** Milliseconds that each round takes, without the first ones. */
async function rounds(one: (i: number) => Promise<void>): Promise<{ p50: number; p99: number; worst: number }> {
  const times: number[] = [];
  for (let i = 0; i < ROUNDS + WARM_UP; i++) {
    // Not in step with the guest's clock, which ticks a hundred times a second.
    await pause(20 + (i % 11));
    const began = performance.now();
    await one(i);
    if (i >= WARM_UP) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): number => Math.round((times[Math.floor(share * (times.length - 1))] ?? 0) * 100) / 100;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}

async function kernel() {
  const gpio = createGpio("chardev");
  await gpio.open([
    { line: LIGHT, direction: "out" },
    { line: BELL, direction: "in" },
  ]);
  let heard: () => void = () => {};
  gpio.onEdge(() => heard());
  const edge = await rounds(async (i) => {
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    chip.drive(BELL, i % 2 === 0 ? 1 : 0);
    await told;
  });
  const write = await rounds((i) => gpio.write(LIGHT, i % 2 === 0 ? 1 : 0));
  await gpio.close();
  return { edge, write };
}

async function house(directory: string) {
  const off = { engine: "none" };
  const house = new House(mkdtempSync(path.join(directory, "house-")), {
    node: {
      ...{ wake: off, speech: off, voice: { ...off, player: "none" } },
      gpio: {
        edgesPerS: 1000,
        lines: [
          { line: LIGHT, name: "kitchen light" },
          { line: BELL, name: "bell", direction: "in" },
        ],
      },
    },
  });
  await house.open();
  const { token } = JSON.parse(readFileSync(path.join(house.hubState, "hub.json"), "utf8")) as { token: string };
  const url = house.url.replace("http", "ws");
  const client = new GatewayClient({ url, token, identity: generateIdentity(), version: "0.0.0" });
  let heard: () => void = () => {};
  client.on("barnacle.node.event", () => heard());
  await client.open();
  const nodeId = await house.eventually("an available node", async () => {
    const { nodes } = await client.call<{ nodes: { nodeId: string; commands?: string[] }[] }>("node.list", {});
    return nodes.find(({ commands }) => commands?.includes("gpio.write"))?.nodeId;
  });
  chip.drive(BELL, 1);
  await pause(500);
  const edge = await rounds(async (i) => {
    const told = new Promise<void>((resolve) => {
      heard = resolve;
    });
    chip.drive(BELL, i % 2 === 0 ? 0 : 1);
    await told;
  });
  const params = (i: number) => ({ line: LIGHT, value: i % 2 === 0 ? 1 : 0 });
  const invoke = await rounds(async (i) => {
    await client.call("node.invoke", {
      nodeId,
      command: "gpio.write",
      params: params(i),
      idempotencyKey: `${directory}${i}`,
    });
  });
  // One process is all there is to see the level with: it looks whenever hub and node let it.
  const level = await rounds(async (i) => {
    const wanted = i % 2 === 0 ? 1 : 0;
    const key = `level${directory}${i}`;
    const done = client.call("node.invoke", { nodeId, command: "gpio.write", params: params(i), idempotencyKey: key });
    while (chip.level(LIGHT) !== wanted) await new Promise((resolve) => setImmediate(resolve));
    void done.catch(() => {});
  });
  await client.close();
  await house.close();
  return { edge, invoke, level };
}

const figures: Record<string, unknown> = { rounds: ROUNDS, kernel: await kernel() };
for (const [name, directory] of Object.entries(DIRECTORIES)) figures[name] = await house(directory);
process.stdout.write(`${JSON.stringify(figures)}\n`);
clearInterval(alive);
