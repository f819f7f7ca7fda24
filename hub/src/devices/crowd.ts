import { BarnacleError } from "@barnacle/protocol/errors";
import { isLoopback } from "../http/index.ts";
import type { PendingPairing } from "../services.ts";

/** Requests of strangers that wait at once, from everywhere. */
const MOST = 50;
const MOST_PER_ADDRESS = 5;
/** Behind it may sit a proxy that does not say for whom it speaks. */
const MOST_ON_LOOPBACK = 20;

/**
 * Keeps one stranger from filling the list for everybody. When the list is full, the address that holds the most of it
 * loses its oldest request.
 * @returns the request that gives way to one from `remoteIp`, if one must
 * @throws PAIRING_LOCKED when that address has its share already
 */
export function crowded(waiting: readonly PendingPairing[], remoteIp: string | undefined): PendingPairing | undefined {
  const address = addressOf(remoteIp);
  const share = address === "loopback" ? MOST_ON_LOOPBACK : MOST_PER_ADDRESS;
  if (waiting.filter((request) => addressOf(request.remoteIp) === address).length >= share) {
    throw new BarnacleError("PAIRING_LOCKED", `${share} pairing requests from this address wait already`, {
      hint: "Approve or reject some with `barnacle devices pending`, or use a setup code.",
    });
  }
  if (waiting.length < MOST) return undefined;
  const groups = [...Map.groupBy(waiting, (request) => networkOf(addressOf(request.remoteIp))).values()];
  const oldestFirst = groups.map((group) => [...group].sort((a, b) => a.ts - b.ts));
  const [largest] = oldestFirst.sort((a, b) => b.length - a.length || (a[0]?.ts ?? 0) - (b[0]?.ts ?? 0));
  return largest?.[0];
}

function addressOf(remoteIp: string | undefined): string {
  if (remoteIp === undefined || isLoopback(remoteIp)) return "loopback";
  return remoteIp.replace(/^::ffff:/i, "").toLowerCase();
}

/** Whoever has one IPv6 address has the 2^64 of its network. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = (text = "") => text.split(":").filter((group) => group !== "");
  const missing = 8 - groups(head).length - groups(tail).length;
  return [...groups(head), ...new Array<string>(Math.max(0, missing)).fill("0"), ...groups(tail)].slice(0, 4).join(":");
}
