import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Log, Unit } from "@barnacle/protocol/runtime";

/** Who runs a local command asks here: a call costs no handshake. */
export interface LocalCalls {
  /** `agent`: the token of a worker, in whose name it is done. @throws what the method throws, AGENT_TOKEN */
  local(method: string, params: unknown, agent?: string): Promise<unknown>;
}

export interface LocalDoorOptions {
  readonly stateDir: string;
  readonly calls: LocalCalls;
  readonly log: Log;
}

export const LOCAL_SOCKET = "hub.sock";
/** What the kernel takes as the path of a socket. */
const LONGEST_PATH = 107;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * `<state dir>/hub.sock`, mode 0600: one JSON request per line, one answer per line. Whoever may open it may also read the
 * gateway's token beside it, so a call counts as that token's operator; policy and audit see it as any other. With a worker's
 * token as `agent` it counts as that worker.
 */
export class LocalDoor implements Unit {
  readonly #options: LocalDoorOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(options: LocalDoorOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { stateDir, log } = this.#options;
    const file = path.join(stateDir, LOCAL_SOCKET);
    if (Buffer.byteLength(file) > LONGEST_PATH) {
      log.warn({ file }, "the path is too long for a socket; local commands use the gateway");
      return;
    }
    // The lock of the state directory is ours: what lies there is of a hub that is gone.
    rmSync(file, { force: true });
    const server = createServer((socket) => this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve) => {
      server.once("error", (error) => {
        log.warn({ file, error: messageOf(error) }, "no socket for local commands; they use the gateway");
        this.#server = undefined;
        resolve();
      });
      // Made for its owner alone from the first moment on.
      const before = process.umask(0o177);
      server.listen(file, () => {
        chmodSync(file, 0o600);
        resolve();
      });
      process.umask(before);
    });
    server.removeAllListeners("error").on("error", () => {});
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setEncoding("utf8");
    let rest = "";
    let turn = Promise.resolve();
    socket.on("data", (chunk: string) => {
      rest += chunk;
      if (rest.length > MOST_BYTES) socket.destroy();
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        // In the order in which they were asked.
        turn = turn.then(() => this.#answer(socket, line));
      }
    });
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    let answer: object;
    try {
      const { method, params, agent } = JSON.parse(line);
      const who = agent === undefined ? undefined : String(agent);
      answer = { ok: true, payload: (await this.#options.calls.local(String(method), params, who)) ?? null };
    } catch (error) {
      answer = { ok: false, error: toBarnacleError(error).toShape() };
    }
    if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
  }
}
