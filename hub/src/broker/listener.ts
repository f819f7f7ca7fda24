import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";
import type { Log } from "@barnacle/protocol/runtime";
import type { Counters } from "../services.ts";
import { bindFailure } from "./bind-failure.ts";
import { FrameGuard } from "./frame-guard.ts";
import { openTls, type TlsSource } from "./tls-server.ts";

/** A CONNECT with its proof and will needs less than 1 KB. */
const CONNECT_BYTES = 16 * 1024;

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** Whose certificate is shown; absent: plain text. */
  readonly tls?: TlsSource | undefined;
  /** Open connections, admitted or not. */
  readonly maxClients: number;
  readonly counters: Counters;
  readonly log: Log;
}

/** The TCP side of the broker: limits how many connect and how large a packet they may announce. */
export class MqttListener {
  readonly #options: ListenerOptions;
  readonly #sockets = new Set<Socket>();
  readonly #guards = new WeakMap<object, FrameGuard>();
  #server: Server | TlsServer | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** The port in use; 0 when not listening. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** @throws PORT_BUSY, BIND_REFUSED */
  async open(handle: (socket: Socket) => void): Promise<void> {
    const { host, port, tls, counters, log } = this.#options;
    const accept = (socket: Socket): void => this.#accept(socket, handle);
    const server = tls
      ? await openTls({ source: tls, owner: this, early: (socket) => this.#admit(socket), accept, counters })
      : createServer((socket) => this.#admit(socket) && accept(socket));
    server.listen(port, host);
    try {
      await once(server, "listening");
    } catch (error) {
      tls?.events.dropOwner(this);
      throw bindFailure(tls ? "MQTT with TLS" : "MQTT", host, port, error);
    }
    server.on("error", (error) => log.error({ problem: error.message }, "MQTT listener fault"));
    this.#server = server;
  }

  /** Takes no more connections; `end` closes those that are there in its own way, what is left then is cut off. */
  async close(end: () => Promise<void>): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.#options.tls?.events.dropOwner(this);
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    await end();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** The guard of a connection, whose limit grows when its device is admitted. */
  guardOf(connection: object): FrameGuard | undefined {
    return this.#guards.get(connection);
  }

  /** Every TCP connection counts, whether or not it gets through the handshake. */
  #admit(socket: Socket): boolean {
    const { counters, maxClients } = this.#options;
    if (this.#sockets.size >= maxClients) {
      counters.add("mqtt.refused.full");
      socket.destroy();
      return false;
    }
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => this.#sockets.delete(socket));
    return true;
  }

  #accept(socket: Socket, handle: (socket: Socket) => void): void {
    const { counters } = this.#options;
    const guard = new FrameGuard(CONNECT_BYTES);
    this.#guards.set(socket, guard);
    handle(socket);
    // After `handle`: its `readable` listener governs the flow, and this one sees each chunk before it is parsed.
    socket.on("data", (chunk: Buffer) => {
      if (guard.accept(chunk)) return;
      counters.add("mqtt.refused.size");
      socket.destroy();
    });
  }
}
