import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { BarnacleError } from "@barnacle/protocol/errors";
import { isLoopback } from "./loopback.ts";

/** Where a connection comes from. */
export interface Origin {
  readonly remoteIp: string;
  /** A client of this machine that was not led here. */
  readonly local: boolean;
  /** What the client calls this hub, as it wrote it; for addresses that it is told. */
  readonly host: string | undefined;
}

const LOCAL_NAMES = ["localhost", "127.0.0.1", "[::1]", "::1"];
const FORWARDING = ["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded"];

/**
 * Tells where a request comes from. What a proxy says of it counts only when the proxy's own address is listed; from anybody
 * else such a header merely shows that the client is not of this machine.
 * Source: Moltbot gateway protocol 3, "what counts as local".
 */
export class Origins {
  readonly #proxies = new BlockList();
  readonly #any: boolean;

  /** @param trustedProxies addresses or networks, `192.168.1.2`, `10.0.0.0/8`. @throws CONFIG_INVALID */
  constructor(trustedProxies: readonly string[] = []) {
    this.#any = trustedProxies.length > 0;
    for (const entry of trustedProxies) this.#trust(entry);
  }

  of(request: IncomingMessage): Origin {
    const { headers } = request;
    const peer = plainAddress(request.socket.remoteAddress);
    const forwarded = FORWARDING.some((name) => headers[name] !== undefined);
    const trusted = forwarded && this.#isProxy(peer);
    const remoteIp = trusted ? this.#client(request, peer) : peer;
    const local = isLoopback(remoteIp) && isLocalName(headers.host) && (!forwarded || trusted);
    return { remoteIp, local, host: headers.host };
  }

  /** Nearest hop first: the first that is no proxy of ours is the client; further ones are only what it claims. */
  #client({ headers }: IncomingMessage, peer: string): string {
    const chain = [headers["x-forwarded-for"] ?? headers["x-real-ip"] ?? []].flat().join(",");
    const hops = chain.split(",").map((hop) => plainAddress(withoutPort(hop.trim())));
    const client = hops.findLast((hop) => !this.#isProxy(hop)) ?? hops[0];
    // A chain that cannot be read names nobody: the proxy stands for whoever it was, and that is not this machine.
    return client !== undefined && isIP(client) !== 0 ? client : isLoopback(peer) ? "unknown" : peer;
  }

  #isProxy(address: string): boolean {
    const family = isIP(address);
    return this.#any && family !== 0 && this.#proxies.check(address, family === 6 ? "ipv6" : "ipv4");
  }

  #trust(entry: string): void {
    const [address = "", bits] = entry.split("/");
    const family = isIP(address);
    const most = family === 6 ? 128 : 32;
    const length = bits === undefined ? most : Number(bits);
    if (family === 0 || !Number.isInteger(length) || length < 0 || length > most) {
      throw new BarnacleError("CONFIG_INVALID", `gateway.trustedProxies: "${entry}" is no address or network`, {
        hint: "Write it like 192.168.1.2 or 10.0.0.0/8.",
      });
    }
    this.#proxies.addSubnet(address, length, family === 6 ? "ipv6" : "ipv4");
  }
}

/** A name of this machine: a page of another site that rebinds its name to loopback brings its own. */
function isLocalName(host = ""): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, "");
  return LOCAL_NAMES.includes(name) || name.endsWith(".ts.net");
}

function plainAddress(address = "unknown"): string {
  return address.replace(/^::ffff:/i, "");
}

/** `1.2.3.4:567` and `[::1]:567`, as some proxies write them. */
function withoutPort(hop: string): string {
  return hop.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
}
