import type { Clock, Random } from "@barnacle/protocol/runtime";

const LIFETIME_MS = 2 * 60_000;
const MOST = 1_000;

/** Nonces for pairing: one per device at a time, good for one attempt, in memory only. */
export class Challenges {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nonces = new Map<string, { nonce: string; expiresAt: number }>();

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Replaces the device's former nonce. When too many wait, the oldest is forgotten. */
  issue(deviceId: string): { nonce: string; expiresAt: number } {
    this.#nonces.delete(deviceId);
    const oldest = this.#nonces.keys().next();
    if (this.#nonces.size >= MOST && !oldest.done) this.#nonces.delete(oldest.value);
    const challenge = {
      nonce: this.#random.bytes(24).toString("base64url"),
      expiresAt: this.#clock.now() + LIFETIME_MS,
    };
    this.#nonces.set(deviceId, challenge);
    return challenge;
  }

  /** True once for the right nonce in time; the nonce is spent either way. */
  spend(deviceId: string, nonce: string): boolean {
    const challenge = this.#nonces.get(deviceId);
    if (challenge?.nonce !== nonce) return false;
    this.#nonces.delete(deviceId);
    return challenge.expiresAt > this.#clock.now();
  }
}
