import { connect, type Socket } from "node:net";
import path from "node:path";
import { BarnacleError, isErrorCode, messageOf, systemCode } from "@barnacle/protocol/errors";

interface Waiting {
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Nobody listens there: no hub runs with this state directory, or it died at this moment. */
const NOBODY = new Set(["ENOENT", "ECONNREFUSED", "ENOTSOCK", "ECONNRESET", "EPIPE"]);

/** A running hub's socket for commands on its machine. */
export class HubSocket {
  readonly #socket: Socket;
  readonly #waiting: Waiting[] = [];
  #rest = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => this.#take(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      const error = new BarnacleError("HUB_UNREACHABLE", "the hub closed the connection before it answered");
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  /** Undefined when no hub runs with this state directory, or it serves no socket. */
  static open(stateDir: string): Promise<HubSocket | undefined> {
    return new Promise((resolve, reject) => {
      const socket = connect(path.join(stateDir, "hub.sock"));
      socket.once("connect", () => resolve(new HubSocket(socket)));
      socket.once("error", (error) => {
        if (NOBODY.has(systemCode(error) ?? "") || systemCode(error) === "EINVAL") resolve(undefined);
        else reject(new BarnacleError("HUB_UNREACHABLE", `the hub's socket cannot be opened: ${messageOf(error)}`));
      });
    });
  }

  /** `agent`: a worker's token. @throws the hub's own error */
  call<T>(method: string, params: object, agent?: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (payload: unknown) => void, reject });
      this.#socket.write(`${JSON.stringify({ method, params, agent })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: string): void {
    this.#rest += chunk;
    for (let end = this.#rest.indexOf("\n"); end >= 0; end = this.#rest.indexOf("\n")) {
      const { ok, payload, error } = JSON.parse(this.#rest.slice(0, end));
      this.#rest = this.#rest.slice(end + 1);
      const waiting = this.#waiting.shift();
      if (ok) waiting?.resolve(payload);
      else {
        const { code, message, hint, details } = error;
        waiting?.reject(new BarnacleError(isErrorCode(code) ? code : "INTERNAL", message, { hint, details }));
      }
    }
  }
}
