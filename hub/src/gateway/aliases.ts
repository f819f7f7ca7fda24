import type { CallerPeer } from "./methods/method.ts";

/** By connection: keys as it wrote them, by the canonical one. */
const NAMES = new WeakMap<object, Map<string, string>>();

/** Canonical keys that somebody wrote otherwise since the start. */
const WRITTEN_OTHERWISE = new Set<string>();
/** Beyond these a client hears the canonical key. */
const MOST_OF_ONE = 1000;
const MOST = 10_000;

/** A canonical key without its agent: the one other form that events can carry. */
function bare(key: string): string {
  return key.replace(/^agent:[^:]*:/, "");
}

/** Clients of protocol 3 look for the very key that they wrote in events, so it is remembered. */
export function rememberKey(peer: CallerPeer, given: string, canonical: string): void {
  if (peer.protocol !== 3) return;
  const names = NAMES.get(peer) ?? new Map<string, string>();
  NAMES.set(peer, names);
  if (given === bare(canonical) && given !== canonical) {
    if (names.size >= MOST_OF_ONE || WRITTEN_OTHERWISE.size >= MOST) return;
    names.set(canonical, given);
    WRITTEN_OTHERWISE.add(canonical);
  } else {
    names.delete(canonical);
  }
}

export function keyFor(listener: object, canonical: string): string {
  return NAMES.get(listener)?.get(canonical) ?? canonical;
}

/** The canonical key, and the form in which older clients may know it. */
export function formsOf(canonical: string): readonly string[] {
  return WRITTEN_OTHERWISE.has(canonical) ? [canonical, bare(canonical)] : [canonical];
}
