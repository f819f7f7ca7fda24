import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]", "::1"];
const FORWARDING = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded"];

/**
 * True for a client on this machine that was not led here: loopback source, a local Host (a web page of another site that
 * rebinds its name brings its own), and no sign of a proxy, behind which anyone could be.
 */
export function isLocal(request: IncomingMessage): boolean {
  return (
    isLoopback(request.socket.remoteAddress) &&
    LOCAL_NAMES.includes(hostName(request.headers.host)) &&
    FORWARDING.every((name) => request.headers[name] === undefined)
  );
}

export function isLoopback(address: string | undefined): boolean {
  if (!address) return false;
  return address === "::1" || address.replace(/^::ffff:/, "").startsWith("127.");
}

/** Host header without its port, lower case. */
function hostName(host: string | undefined): string {
  return (host ?? "").toLowerCase().replace(/:\d+$/, "");
}

/** Compares without telling by its time how much was right. */
export function sameSecret(given: string, expected: string): boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(given), hash(expected));
}
