import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** Another address of this machine: who asks for the hub there gets it through the cable. */
export const FAR_SIDE = "127.0.0.2";
const NEAR_SIDE = "127.0.0.1";

/** gone: connections break and are refused. silent: packets are lost, and arrive late when it is mended in time. */
export type Cut = "gone" | "silent";

/** A network cable between a node and its hub, for programs on one machine. */
export class Cable {
  readonly #ports: readonly number[];
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;

  /** @param ports that the hub listens on */
  constructor(ports: readonly number[]) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    for (const port of this.#ports) {
      const server = createServer((far) => this.#join(far, port));
      this.#servers.push(server);
      server.listen(port, FAR_SIDE);
      await once(server, "listening");
    }
  }

  cut(how: Cut): void {
    this.#cut = how;
    for (const socket of this.#sockets) {
      if (how === "gone") socket.destroy();
      else socket.pause();
    }
  }

  mend(): void {
    this.#cut = undefined;
    for (const socket of this.#sockets) socket.resume();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers.splice(0)) {
      server.close();
      await once(server, "close");
    }
  }

  #join(far: Socket, port: number): void {
    if (this.#cut === "gone") {
      far.destroy();
      return;
    }
    const near = connect(port, NEAR_SIDE);
    for (const [from, to] of [
      [far, near],
      [near, far],
    ] as const) {
      this.#sockets.add(from);
      from.on("data", (chunk) => {
        if (!to.destroyed) to.write(chunk);
      });
      from.on("end", () => to.end());
      // An end that failed shows in its close.
      from.on("error", () => {});
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      if (this.#cut === "silent") from.pause();
    }
  }
}
