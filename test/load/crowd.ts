/**
 * Many clients at once: what each costs the hub, how long a word to all of them takes, and what one that has stopped
 * reading costs the others.
 *
 *   node test/load/crowd.ts [--clients 5000] [--json]
 *
 * A real hub, and two processes that hold the clients: operators of protocol 4, admitted with the shared token, twenty at a
 * time each. Needs as many file descriptors as clients, `ulimit -n 8192`. The stalled reader asks for 300 large answers and
 * reads none of them.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { GatewayWire } from "../support/gateway-wire.ts";
import type { Heard } from "./crowd-clients.ts";
import { cpuSeconds, residentBytes, startOurs } from "./gateway-subject.ts";
import { type Figure, median, percentile, report } from "./machine.ts";

const { values } = parseArgs({
  options: { clients: { type: "string", default: "5000" }, json: { type: "boolean", default: false } },
});
const count = Number(values.clients);
const HOLDERS = 2;
const SETTLE_MS = 12_000;
const TICK_MS = 31_000;
const WORDS = 15;
const QUESTIONS = 500;
const STALLED_ANSWERS = 300;

const open = Number(/^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1] ?? 0);
if (open < count + 200) {
  process.stderr.write(`${count} clients need ${count + 200} file descriptors, and the limit is ${open}: ulimit -n\n`);
  process.exit(2);
}
const dir = mkdtempSync(path.join(tmpdir(), "barnacle-load-"));
const subject = await startOurs(dir);
const holders: ReturnType<typeof fork>[] = [];
try {
  const speaker = await operator();
  await asked(speaker, 200);
  await pause(SETTLE_MS);
  const [bytes, seconds] = [residentBytes(subject.pid), cpuSeconds(subject.pid)];
  for (let i = 0; i < HOLDERS; i++) {
    const file = path.join(import.meta.dirname, "crowd-clients.ts");
    holders.push(fork(file, [subject.url, subject.token, String(Math.round(count / HOLDERS))]));
  }
  await Promise.all(holders.map((holder) => once(holder, "message")));
  const connectMs = ((cpuSeconds(subject.pid) - seconds) * 1000) / count;
  await pause(SETTLE_MS);
  const kilobytes = (residentBytes(subject.pid) - bytes) / count / 1000;

  await heard();
  await pause(TICK_MS);
  const { ticks } = await heard();
  const before = await words(speaker);
  const alone = await asked(speaker, QUESTIONS);
  const stalled = await stall();
  const beside = await asked(speaker, QUESTIONS);
  const during = await words(speaker);
  await stalled.end();
  await speaker.end();

  const p99 = (list: readonly number[]) => round(percentile(list, 0.99));
  const figures: Figure[] = [
    { name: "clients lost", value: count - during.open, limit: 0, unit: "" },
    { name: "memory per client", value: round(kilobytes), limit: 20, unit: "kB" },
    { name: "processor time per connect", value: round(connectMs), limit: 10, unit: "ms" },
    { name: "clients that missed the tick", value: Math.max(0, count - ticks), limit: 0, unit: "" },
    { name: "words that were missed", value: 2 * WORDS * count - before.heard - during.heard, limit: 0, unit: "" },
    { name: "processor time per word to all", value: round(before.cpuMs), limit: 500, unit: "ms" },
    { name: "word to all: p99 until heard, median of words", value: round(before.p99Ms), limit: 1000, unit: "ms" },
    { name: "health of another, p99", value: p99(alone), limit: 100, unit: "ms" },
    { name: "health of another beside a stalled reader, p99", value: p99(beside), limit: 100, unit: "ms" },
    {
      name: "what a stalled reader adds to a word's p99",
      value: round(Math.max(0, during.p99Ms - before.p99Ms)),
      ...{ limit: 100, unit: "ms" },
    },
  ];
  report(
    "A crowd of clients",
    `${count} operators`,
    `node test/load/crowd.ts --clients ${count}`,
    figures,
    values.json,
  );
} finally {
  for (const holder of holders) holder.kill();
  await subject.stop();
  rmSync(dir, { recursive: true, force: true });
}

async function operator(): Promise<GatewayWire> {
  const wire = new GatewayWire(subject.url);
  const { token, protocol } = subject;
  const hello = await wire.login({ token, protocol, role: "operator", scopes: ["operator.admin"] });
  if (!hello?.ok) throw new TypeError(JSON.stringify(hello));
  return wire;
}

/** Milliseconds that each of `times` requests took. */
async function asked(wire: GatewayWire, times: number): Promise<number[]> {
  const waits: number[] = [];
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    await wire.request(`q${i}`, "health", {});
    waits.push(performance.now() - began);
    wire.drain();
  }
  return waits;
}

/** Says something to all, the next when all have heard it. The median word counts, for others use this machine too. */
async function words(speaker: GatewayWire) {
  await heard();
  const p99s: number[] = [];
  const seconds = cpuSeconds(subject.pid);
  let [still, total] = [count, 0];
  for (let i = 0; i < WORDS; i++) {
    const delaysMs: number[] = [];
    const mark = `sent-at-${performance.timeOrigin + performance.now()}`;
    await speaker.request(`w${i}`, "voicewake.set", { triggers: [mark] });
    speaker.drain();
    for (let n = 0; n < 50 && delaysMs.length < count; n++) {
      await pause(100);
      const part = await heard();
      delaysMs.push(...part.delaysMs);
      still = part.open;
    }
    total += delaysMs.length;
    p99s.push(percentile(delaysMs, 0.99));
  }
  const cpuMs = ((cpuSeconds(subject.pid) - seconds) * 1000) / WORDS;
  return { p99Ms: median(p99s), heard: total, cpuMs, open: still };
}

async function heard(): Promise<{ open: number; delaysMs: readonly number[]; ticks: number }> {
  const all = await Promise.all(
    holders.map(async (holder) => {
      holder.send("tell");
      const [told] = (await once(holder, "message")) as [Heard];
      return told;
    }),
  );
  const sum = (of: (one: Heard) => number) => all.reduce((total, one) => total + of(one), 0);
  return { open: sum((one) => one.open), delaysMs: all.flatMap((one) => one.delaysMs), ticks: sum((one) => one.ticks) };
}

/** A client that asks for much and reads nothing. */
async function stall(): Promise<GatewayWire> {
  const wire = await operator();
  wire.ws.pause();
  for (let i = 0; i < STALLED_ANSWERS; i++) {
    wire.send(JSON.stringify({ type: "req", id: `s${i}`, method: "config.schema", params: {} }));
  }
  return wire;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
