import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

/** An answer that is sent piece by piece, as server-sent events. */
export class EventStream {
  readonly #response: ServerResponse;
  #open = true;

  /** @param onGone the caller went away before the end */
  constructor(request: FastifyRequest, reply: FastifyReply, onGone: () => void) {
    reply.hijack();
    this.#response = reply.raw;
    unhurried(request);
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      connection: "keep-alive",
      // Proxies would wait for the end.
      "x-accel-buffering": "no",
    });
    this.#response.on("error", () => this.#gone(onGone));
    this.#response.on("close", () => this.#gone(onGone));
  }

  send(data: unknown, event?: string): void {
    if (!this.#open) return;
    const name = event === undefined ? "" : `event: ${event}\n`;
    this.#response.write(`${name}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  }

  /** The mark by which clients know that nothing was cut off. */
  end(): void {
    if (!this.#open) return;
    this.send("[DONE]");
    this.#open = false;
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
