/** Members whose values are of the moment or of the machine, whatever they hold. */
const PASSING =
  /^(id|ts|prompt|nonce|seq|stateVersion|.*AtMs|.*At|.*[aA]geMs|uptimeMs|durationMs|version|host|ip|remoteIp|instanceId|bootId|buildId|connId|publicKey|path|.*[hH]ash|token|deviceToken|sessionId|sessionFile|deltaCursor|snapshotRevision|resolvedPath|expiresAtMs|text|deviceId|.*[dD]ir)$/;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const HEX = /[0-9a-f]{32,}/g;
const KEY = /^[A-Za-z0-9_-]{43}$/;

/** A frame without ids, times, keys and paths: what two gateways may be held to. */
export function normal(value: unknown, key = ""): unknown {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return PASSING.test(key) ? "<number>" : value;
  if (typeof value === "string") return PASSING.test(key) || KEY.test(value) ? "<text>" : masked(value);
  if (Array.isArray(value)) return value.map((each) => normal(each));
  if (typeof value !== "object") return String(value);
  const entries = Object.entries(value).map(([name, member]): [string, unknown] => [
    masked(name),
    normal(member, name),
  ]);
  return Object.fromEntries(entries);
}

/** `path: theirs → ours` for whatever the recorded frame has and ours has not, or has otherwise. More is no difference. */
export function differences(theirs: unknown, ours: unknown, path = ""): string[] {
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    // Lists of names are sets to a client; lists of things are compared as far as both have them.
    const missing = theirs.filter((each) => typeof each === "string" && !ours.includes(each));
    const pairs = theirs.map((each, i) => [each, ours[i]]).filter(([a, b]) => typeof a === "object" && b !== undefined);
    return [
      ...missing.map((each) => `${path}[]: ${show(each)} missing`),
      ...pairs.flatMap(([a, b]) => differences(a, b, `${path}[]`)),
      ...(theirs.length > 0 && ours.length === 0 ? [`${path}: ${theirs.length} elements → none`] : []),
    ];
  }
  if (isRecord(theirs) && isRecord(ours)) {
    return Object.entries(theirs).flatMap(([key, member]) =>
      key in ours ? differences(member, ours[key], `${path}.${key}`) : [`${path}.${key}: ${show(member)} missing`],
    );
  }
  return theirs === ours ? [] : [`${path}: ${show(theirs)} → ${show(ours)}`];
}

/** Prose is its author's; what a client may compare is short. */
const LONGEST = 160;

function masked(text: string): string {
  if (text.startsWith("/")) return "<path>";
  if (text.length > LONGEST) return "<prose>";
  return text.replace(UUID, "<id>").replace(HEX, "<hash>");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 120);
}
