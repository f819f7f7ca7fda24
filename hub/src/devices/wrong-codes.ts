import { BarnacleError } from "@barnacle/protocol/errors";
import type { Clock } from "@barnacle/protocol/runtime";
import type { Store } from "../store/index.ts";

const LOCK_MS = 15 * 60_000;
const MOST_PER_PARTY = 5;
const HOUR_MS = 60 * 60_000;
const MOST_PER_HOUR = 50;

/**
 * Counts wrong setup codes, over restarts too. Five of one device, or five from one address, lock it out for fifteen
 * minutes; fifty in an hour from anywhere lock everybody out, since keys and addresses are cheap. Loopback is not
 * counted as an address: everything on the hub's own machine would share it.
 */
export class WrongCodes {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws PAIRING_LOCKED with `details.retryAfterMs` */
  check(deviceId: string, remoteIp: string): void {
    const now = this.#clock.now();
    const ip = countedAddress(remoteIp);
    const ends = [
      this.#lockEnd("SELECT at FROM pairing_failures WHERE device_id = ? ORDER BY at DESC LIMIT 5", deviceId),
      ip === null
        ? 0
        : this.#lockEnd("SELECT at FROM pairing_failures WHERE remote_ip = ? ORDER BY at DESC LIMIT 5", ip),
      this.#floodEnd(now),
    ];
    const end = Math.max(...ends);
    if (end <= now) return;
    throw new BarnacleError(
      "PAIRING_LOCKED",
      `too many wrong setup codes; the next try is possible in ${Math.ceil((end - now) / 1000)} s`,
      { details: { retryAfterMs: end - now } },
    );
  }

  /** Within the caller's transaction. */
  record(deviceId: string, remoteIp: string): void {
    const now = this.#clock.now();
    this.#store.run("DELETE FROM pairing_failures WHERE at < ?", now - HOUR_MS);
    this.#store.run(
      "INSERT INTO pairing_failures (at, device_id, remote_ip) VALUES (?, ?, ?)",
      now,
      deviceId,
      countedAddress(remoteIp),
    );
  }

  /** The lock runs from the fifth failure, if the five came within its length. */
  #lockEnd(sql: string, party: string): number {
    const times = this.#store.all(sql, party).map((row) => Number(row.at));
    const [newest, oldest] = [times[0], times[MOST_PER_PARTY - 1]];
    if (newest === undefined || oldest === undefined || newest - oldest >= LOCK_MS) return 0;
    return newest + LOCK_MS;
  }

  #floodEnd(now: number): number {
    const row = this.#store.one(
      "SELECT at FROM pairing_failures WHERE at > ? ORDER BY at DESC LIMIT 1 OFFSET ?",
      now - HOUR_MS,
      MOST_PER_HOUR - 1,
    );
    return row ? Number(row.at) + HOUR_MS : 0;
  }
}

function countedAddress(remoteIp: string): string | null {
  const ip = remoteIp.replace(/^::ffff:/i, "");
  return ip === "::1" || ip.startsWith("127.") ? null : ip;
}
