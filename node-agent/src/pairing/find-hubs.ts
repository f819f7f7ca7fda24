import { messageOf } from "@barnacle/protocol/errors";

/** A hub that answered on the network. */
export interface FoundHub {
  /** `https://10.0.0.2:18789` */
  readonly url: string;
  readonly name: string;
  /** Fingerprint of its authority, as far as it says. */
  readonly authority?: string;
}

/** The library that asks, as far as it is used. */
interface Asker {
  find(options: { type: string }): {
    on(event: "up", fn: (service: Answer) => void): void;
    on(event: "error", fn: (error: Error) => void): void;
    stop(): void;
  };
  destroy(): void;
}

export interface Answer {
  readonly name: string;
  readonly port: number;
  readonly txt?: Readonly<Record<string, string>>;
  readonly addresses?: readonly string[];
  /** Where the answer came from: an address that surely can be reached. */
  readonly referer?: { readonly address: string };
}

/**
 * Asks by multicast DNS and listens to the answers for `waitMs`; several hubs may answer, each by several addresses.
 * @throws what the library throws where there is no multicast
 */
export async function findHubs(waitMs: number, ask: () => Promise<Asker> = bonjour): Promise<readonly FoundHub[]> {
  const found = new Map<string, FoundHub>();
  const asker = await ask();
  let problem: string | undefined;
  const browser = asker.find({ type: "barnacle" });
  browser.on("up", (service) => {
    const hub = hubOf(service);
    if (hub) found.set(hub.authority ?? hub.url, hub);
  });
  browser.on("error", (error) => {
    problem = messageOf(error);
  });
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  browser.stop();
  asker.destroy();
  if (found.size === 0 && problem !== undefined) throw new TypeError(problem);
  return [...found.values()].sort((a, b) => (a.url < b.url ? -1 : 1));
}

export function hubOf({ name, port, txt, addresses = [], referer }: Answer): FoundHub | undefined {
  const usable = [referer?.address, ...addresses].filter((one) => one !== undefined && !/^fe80:/i.test(one));
  // A hub on this machine may answer over loopback, too; its address in the network is the one that stays the same.
  const outside = usable.filter((one) => !/^(127\.|::1$)/.test(one ?? ""));
  const best = outside.length > 0 ? outside : usable;
  const address = best.find((one) => one?.includes(".")) ?? best[0];
  if (address === undefined) return undefined;
  const host = address.includes(":") ? `[${address}]` : address;
  const authority = /^[0-9a-f]{64}$/.test(txt?.ca ?? "") ? txt?.ca : undefined;
  return { url: `https://${host}:${port}`, name, ...(authority === undefined ? {} : { authority }) };
}

async function bonjour(): Promise<Asker> {
  const { Bonjour } = await import("bonjour-service");
  return new Bonjour({}, () => undefined) as unknown as Asker;
}
