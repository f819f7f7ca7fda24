import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** A caller that reads nothing costs the hub at most this much memory. */
const MOST_UNREAD = 4 * 1024 * 1024;
/** For the rest of an answer to be read, once it has ended. */
const READ_MS = 30_000;

/** An answer that is sent piece by piece, as server-sent events. */
export class EventStream {
  readonly #request: FastifyRequest;
  readonly #response: ServerResponse;
  #open = true;

  /** @param onGone the caller went away before the end */
  constructor(request: FastifyRequest, reply: FastifyReply, onGone: () => void) {
    reply.hijack();
    this.#request = request;
    this.#response = reply.raw;
    unhurried(request);
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      connection: "keep-alive",
      // Proxies would wait for the end.
      "x-accel-buffering": "no",
    });
    // Who listens learns that it is heard before there is anything to say.
    this.#response.flushHeaders();
    this.#response.on("error", () => this.#gone(onGone));
    this.#response.on("close", () => this.#gone(onGone));
  }

  /** @param id what a client that comes back says it has seen */
  send(data: unknown, event?: string, id?: number): void {
    if (!this.#open) return;
    const name = `${event === undefined ? "" : `event: ${event}\n`}${id === undefined ? "" : `id: ${id}\n`}`;
    this.#response.write(`${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
    if (this.#response.writableLength > MOST_UNREAD) this.#response.destroy();
  }

  /** Nothing, for whoever listens whether there is still somebody. */
  comment(): void {
    if (this.#open) this.#response.write(": quiet\n\n");
  }

  /** The mark by which clients know that nothing was cut off. */
  end(): void {
    if (!this.#open) return;
    this.send("[DONE]");
    this.#open = false;
    this.#request.raw.socket.setTimeout(READ_MS);
    this.#response.end();
  }

  #gone(onGone: () => void): void {
    if (!this.#open) return;
    this.#open = false;
    onGone();
  }
}

/** The port's own patience is for connections on which nothing is going on; an agent may take minutes. */
export function unhurried(request: FastifyRequest): void {
  request.raw.socket.setTimeout(0);
}
