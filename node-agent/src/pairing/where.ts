import { BarnacleError } from "@barnacle/protocol/errors";
import type { FoundHub } from "./find-hubs.ts";
import { hostOf } from "./post-json.ts";

/** Plain text is for hubs on this machine; to everywhere else the same port speaks TLS. */
export function secured(hub: string): string {
  const url = new URL(hub);
  if (url.protocol === "https:" || isThisMachine(hostOf(url))) return hub;
  url.protocol = "https:";
  if (url.port === "" && new URL(hub).port === "") url.port = "80";
  return url.href;
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/**
 * The one hub that may be meant.
 * @throws HUB_NOT_FOUND, HUB_AMBIGUOUS naming those that answered
 */
export function theHub(found: readonly FoundHub[], wanted: string | undefined): FoundHub {
  const matching = wanted === undefined ? found : found.filter(({ authority }) => authority?.startsWith(wanted));
  const [first, ...others] = matching;
  if (first && others.length === 0) return first;
  if (!first) {
    const answered = found.length === 0 ? "nobody answered" : `none of ${listed(found)} has the expected authority`;
    throw new BarnacleError("HUB_NOT_FOUND", `looking for a hub by mDNS: ${answered}`);
  }
  throw new BarnacleError("HUB_AMBIGUOUS", `several hubs answer by mDNS: ${listed(matching)}`, {
    details: { hubs: matching },
  });
}

function listed(hubs: readonly FoundHub[]): string {
  return hubs
    .map(({ name, url, authority }) => `${name} at ${url}${authority ? ` (authority ${authority.slice(0, 16)}…)` : ""}`)
    .join(", ");
}
