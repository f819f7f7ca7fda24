import type { Socket } from "node:net";
import type { FrameGuard } from "./frame-guard.ts";
import { type ListenerOptions, MqttListener } from "./listener.ts";
import type { TlsSource } from "./tls-server.ts";

/** Where nodes of other machines connect. */
export interface SecureOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly source: TlsSource;
}

/** The broker's doors: plain text, and TLS if others than this machine may connect. */
export class Listeners {
  readonly #plain: MqttListener;
  readonly #secure: MqttListener | undefined;

  constructor(options: ListenerOptions, secure: SecureOptions | undefined) {
    this.#plain = new MqttListener(options);
    this.#secure = secure && new MqttListener({ ...options, host: secure.host, port: secure.port, tls: secure.source });
  }

  /** Of plain text; 0 when not listening. */
  get port(): number {
    return this.#plain.port;
  }

  /** Undefined without TLS, 0 when not listening. */
  get tlsPort(): number | undefined {
    return this.#secure?.port;
  }

  /** @throws PORT_BUSY, BIND_REFUSED */
  async open(handle: (socket: Socket) => void): Promise<void> {
    await this.#plain.open(handle);
    await this.#secure?.open(handle);
  }

  async close(end: () => Promise<void>): Promise<void> {
    const ended = Promise.withResolvers<void>();
    const closed = [this.#plain, ...(this.#secure ? [this.#secure] : [])].map((one) => one.close(() => ended.promise));
    try {
      await end();
    } finally {
      ended.resolve();
    }
    await Promise.all(closed);
  }

  guardOf(connection: object): FrameGuard | undefined {
    return this.#plain.guardOf(connection) ?? this.#secure?.guardOf(connection);
  }
}
