/**
 * A share of the fleet of `fleet.ts`, as a process of its own: `node fleet-nodes.ts <first> <count> <site>`. It makes its
 * keys, tells their public halves, and then does as it is told over IPC.
 */
import { writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { type DeviceIdentity, generateIdentity, mqttPassword } from "@barnacle/protocol/identity";
import { encode, filterFor, topicFor } from "@barnacle/protocol/mqtt";
import {
  connectPacket,
  PACKET,
  Packets,
  pubackPacket,
  publishId,
  publishPacket,
  subscribePacket,
} from "./fleet-packets.ts";

export type Order =
  | { readonly do: "connect"; readonly port: number; readonly atOnce: number }
  | { readonly do: "report"; readonly everyMs: number }
  /** Cuts `count` connections without a farewell, then brings them all back as fast as the broker takes them. */
  | { readonly do: "storm"; readonly port: number; readonly count: number; readonly prepare?: boolean }
  | { readonly do: "tell" }
  | { readonly do: "end" };

export interface Told {
  readonly online: number;
  readonly sent: number;
  readonly lost: number;
  readonly refused: number;
}

const [first = "0", count = "0", site = "home", keyFile = ""] = process.argv.slice(2);
const AGENT = "0.1.0";
const KEEPALIVE_S = 60;
const ROOMS = 200;

class Node {
  readonly identity: DeviceIdentity = generateIdentity();
  readonly number: number;
  incarnation = 0;
  online = false;
  #socket: Socket | undefined;
  #password: string | undefined;
  #expected = false;

  constructor(number: number) {
    this.number = number;
  }

  get address() {
    return { site, node: this.identity.deviceId };
  }

  /** Signs the next CONNECT beforehand, so that a storm does not measure our own signatures. */
  prepare(): void {
    this.#password ??= mqttPassword(this.identity, site, this.incarnation + 1);
  }

  /** Resolves when the broker has acknowledged birth and manifest. */
  connect(port: number): Promise<void> {
    this.prepare();
    this.incarnation++;
    const password = this.#password as string;
    this.#password = undefined;
    this.#expected = false;
    const state = topicFor(this.address, "state");
    const body = { status: "offline", incarnation: this.incarnation, agentVersion: AGENT, reason: "lost" } as const;
    const will = { topic: state, payload: encode("state", this.#stamp("w"), body) };
    return new Promise((resolve) => {
      const socket = createConnection({ port, host: "127.0.0.1", noDelay: true });
      this.#socket = socket;
      const packets = new Packets((kind, data) => {
        if (kind >> 4 === PACKET.connack) {
          if (data[1] !== 0) counts.refused++;
          else
            socket.write(
              subscribePacket(
                1,
                FROM_HUB.map((name) => filterFor(this.address, name)),
              ),
            );
        } else if (kind >> 4 === PACKET.suback) this.#birth(socket, state);
        else if (kind >> 4 === PACKET.publish && (kind & 6) === 2) socket.write(pubackPacket(publishId(data)));
        else if (kind >> 4 === PACKET.puback && data.readUInt16BE(0) === 3) {
          this.online = true;
          resolve();
        }
      });
      socket.on("connect", () =>
        socket.write(connectPacket({ clientId: this.identity.deviceId, password, keepaliveS: KEEPALIVE_S, will })),
      );
      socket.on("data", (chunk) => packets.push(chunk));
      socket.on("error", () => {});
      socket.on("close", () => {
        if (this.#socket !== socket) return;
        this.online = false;
        if (!this.#expected) counts.lost++;
      });
    });
  }

  cut(): void {
    this.#expected = true;
    this.online = false;
    this.#socket?.resetAndDestroy();
  }

  report(): void {
    if (!this.online) return;
    counts.sent++;
    const body = {
      uptimeS: Math.floor(process.uptime()),
      cpu: { usedPercent: (this.number + counts.sent) % 100, load1: 0.2, cores: 4 },
      temperatureC: 41.5 + (counts.sent % 10),
      throttled: { now: false, since: false, reasons: [] as string[] },
      memory: { totalBytes: 512_000_000, availableBytes: 300_000_000, agentRssBytes: 70_000_000 },
      disk: { totalBytes: 16_000_000_000, freeBytes: 9_000_000_000 },
      link: { name: "wlan0", kind: "wifi" as const, up: true, signalDbm: -55 },
    };
    this.#socket?.write(
      publishPacket(topicFor(this.address, "telemetry"), encode("telemetry", this.#stamp("t"), body), undefined, false),
    );
  }

  #birth(socket: Socket, state: string): void {
    const birth = { status: "online", incarnation: this.incarnation, agentVersion: AGENT } as const;
    socket.write(publishPacket(state, encode("state", this.#stamp("b"), birth), 2, true));
    const manifest = {
      ...{ name: `Node ${this.number}`, room: `room ${this.number % ROOMS}`, platform: "linux", agentVersion: AGENT },
      capabilities: [{ name: "gpio.write", available: true }],
      commands: [
        { name: "gpio.write", idempotent: true },
        { name: "device.health", idempotent: true },
      ],
      appliances: [],
    };
    socket.write(publishPacket(topicFor(this.address, "caps"), encode("caps", this.#stamp("c"), manifest), 3, true));
  }

  #stamp(kind: string) {
    return { id: `${kind}-${this.number}-${counts.sent}`, ts: Date.now() };
  }
}

const FROM_HUB = ["command", "reply", "ack", "config"] as const;
const counts = { sent: 0, lost: 0, refused: 0 };
const nodes = Array.from({ length: Number(count) }, (_, i) => new Node(Number(first) + i));
writeFileSync(
  keyFile,
  nodes.map(({ number, identity }) => `${number} ${identity.deviceId} ${identity.publicKey}`).join("\n"),
);
process.send?.({ made: nodes.length });

process.on("message", (order: Order) => void obey(order));

async function obey(order: Order): Promise<void> {
  switch (order.do) {
    case "connect":
      await bring(nodes, order.port, order.atOnce);
      break;
    case "report":
      for (const node of nodes)
        setTimeout(() => setInterval(() => node.report(), order.everyMs), Math.random() * order.everyMs);
      break;
    case "storm": {
      const some = nodes.slice(0, order.count);
      if (order.prepare) for (const node of some) node.prepare();
      else {
        for (const node of some) node.cut();
        await Promise.all(some.map((node) => node.connect(order.port)));
      }
      break;
    }
    case "end":
      for (const node of nodes) node.cut();
      break;
    case "tell":
      break;
  }
  const online = nodes.filter((node) => node.online).length;
  process.send?.({ online, ...counts } satisfies Told);
}

async function bring(all: readonly Node[], port: number, atOnce: number): Promise<void> {
  const waiting = [...all];
  const line = async (): Promise<void> => {
    for (let node = waiting.pop(); node; node = waiting.pop()) await node.connect(port);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}
