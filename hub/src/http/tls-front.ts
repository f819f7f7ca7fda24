import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Server as TlsServer } from "node:tls";
import { isLoopback } from "./loopback.ts";

/** What the front needs of the certificates. */
export interface TlsSource {
  readonly material: { readonly certificate: string; readonly key: string };
  readonly events: {
    on(event: "renewed", fn: (material: TlsSource["material"]) => void, owner: object): void;
    dropOwner(owner: object): void;
  };
}

/** First byte of a TLS record that begins a handshake. No HTTP method begins with it. */
const HANDSHAKE = 0x16;
const FIRST_BYTE_MS = 15_000;
const ENCRYPTED_ONLY =
  "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nThis port speaks TLS: use https or wss.\n";

/**
 * TLS and plain text on one port, told apart by the first byte: programs of this machine and older clients need no
 * certificate, everyone else can have an encrypted connection at the same address.
 */
export class TlsFront {
  readonly #source: TlsSource;
  readonly #required: boolean;
  /** Connections that are not the HTTP server's yet. */
  readonly #early = new Set<Socket>();
  #tls: TlsServer | undefined;

  /** @param options.required plain text is for this machine only */
  constructor(options: { source: TlsSource; required: boolean }) {
    this.#source = options.source;
    this.#required = options.required;
  }

  /** Puts itself between the listening socket and the HTTP server's own reading. */
  async attach(http: Server): Promise<void> {
    const tls = await import("node:tls");
    const { certificate, key } = this.#source.material;
    const plain = http.listeners("connection");
    const handOver = (socket: Socket): void => {
      for (const listener of plain) listener.call(http, socket);
    };
    const server = tls.createServer({ cert: certificate, key, minVersion: "TLSv1.2", handshakeTimeout: FIRST_BYTE_MS });
    this.#tls = server;
    server.on("secureConnection", (socket) => {
      handOver(socket);
    });
    this.#source.events.on(
      "renewed",
      (next) => server.setSecureContext({ cert: next.certificate, key: next.key }),
      this,
    );
    http.removeAllListeners("connection");
    http.on("connection", (socket: Socket) => this.#sort(socket, handOver));
  }

  /** Ends what has not become a connection of the HTTP server. */
  close(): void {
    this.#source.events.dropOwner(this);
    for (const socket of this.#early) socket.destroy();
    this.#tls = undefined;
  }

  #sort(socket: Socket, plain: (socket: Socket) => void): void {
    this.#early.add(socket);
    const forget = () => this.#early.delete(socket);
    const drop = () => socket.destroy();
    socket.once("close", forget);
    // Until the HTTP server takes it over; a broken connection is its peer's affair.
    socket.on("error", drop);
    socket.setTimeout(FIRST_BYTE_MS, drop);
    socket.once("readable", () => {
      const first: Buffer | null = socket.read(1);
      socket.setTimeout(0);
      socket.off("timeout", drop);
      if (first === null) {
        socket.destroy();
        return;
      }
      socket.unshift(first);
      if (first[0] === HANDSHAKE) {
        this.#tls?.emit("connection", socket);
        return;
      }
      if (this.#required && !isLoopback(socket.remoteAddress)) {
        turnAway(socket);
        return;
      }
      socket.off("error", drop);
      socket.off("close", forget);
      forget();
      plain(socket);
    });
  }
}

/** What it sent is read and thrown away: closing over unread bytes would cut off the answer. */
function turnAway(socket: Socket): void {
  socket.resume();
  socket.once("end", () => socket.destroy());
  socket.setTimeout(FIRST_BYTE_MS, () => socket.destroy());
  socket.end(ENCRYPTED_ONLY);
}
