import { createHash, timingSafeEqual } from "node:crypto";
import type { ConnectAuth } from "@barnacle/protocol/gateway";

export type SharedKind = "token" | "password";

/** The secrets that all operators share: a token that is always there, and a password if one is configured. */
export class SharedSecrets {
  readonly #hashes: readonly Buffer[];
  /** Which of the two clients are told about when theirs is wrong. */
  readonly kind: SharedKind;

  constructor(token: string, password?: string) {
    this.kind = password === undefined ? "token" : "password";
    this.#hashes = [token, ...(password === undefined ? [] : [password])].map(hash);
  }

  /** Clients of protocol 4 put the one secret into either member, some into both. */
  match({ token, password }: ConnectAuth): boolean {
    return [token, password].some((given) => given !== undefined && given !== "" && this.#is(given));
  }

  /** Every comparison is made, so that the time tells nothing. */
  #is(given: string): boolean {
    const hashed = hash(given);
    return this.#hashes.map((known) => timingSafeEqual(hashed, known)).includes(true);
  }
}

function hash(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
