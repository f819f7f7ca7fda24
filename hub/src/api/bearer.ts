import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "@barnacle/protocol/runtime";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isLoopback, RateLimit } from "../http/index.ts";

const WRONG = { perMinute: 20, burst: 10 };

/** Callers with a token in `Authorization: Bearer`, or in a header that the service names. Who guesses is slowed down. */
export class Bearer {
  readonly #hashes: readonly Buffer[];
  readonly #wrong: RateLimit;
  readonly #others: (token: string) => boolean;

  /** @param options.others whether a token that is none of the secrets is good here: one of a paired device, say */
  constructor(options: { secrets: readonly string[]; clock: Clock; others?: (token: string) => boolean }) {
    this.#hashes = options.secrets.map(hash);
    this.#others = options.others ?? (() => false);
    this.#wrong = new RateLimit({ clock: options.clock, ...WRONG });
  }

  /** @returns undefined when the caller may go on; else how long to wait, 0 for a plain refusal */
  refusal(request: FastifyRequest, headers: readonly string[] = []): number | undefined {
    const address = request.socket.remoteAddress ?? "unknown";
    // Who guessed too often is not looked at, or guessing would cost nothing. The programs of this machine share one
    // address, and a stale token in one of them must not lock out the others.
    const locked = isLoopback(address) ? 0 : this.#wrong.wait(address);
    if (locked > 0) return locked;
    const given = tokenOf(request, headers);
    if (given !== undefined && (this.#matches(given) || this.#others(given))) return undefined;
    return this.#wrong.take(address);
  }

  #matches(given: string): boolean {
    const hashed = hash(given);
    return this.#hashes.map((known) => timingSafeEqual(hashed, known)).includes(true);
  }
}

/** Status and waiting time of a refusal; the body is the service's own. */
export function refused(reply: FastifyReply, waitMs: number): FastifyReply {
  if (waitMs === 0) return reply.code(401).header("www-authenticate", "Bearer");
  return reply.code(429).header("retry-after", String(Math.ceil(waitMs / 1000)));
}

function tokenOf(request: FastifyRequest, headers: readonly string[]): string | undefined {
  const [, bearer] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (bearer !== undefined) return bearer.trim();
  for (const name of headers) {
    const value = request.headers[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
