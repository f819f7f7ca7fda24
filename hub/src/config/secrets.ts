import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@barnacle/protocol/schema";

/** What clients know as "there is a secret here that you may keep". Source: gateway protocol 4, configuration. */
export const PLACEHOLDER = "__OPENCLAW_REDACTED__";

const SECRET = /token|secret|passw|passphrase|credential|authorization|cookie|(private|access|api|signing)[-_]?key/i;
/** `apiKeyFile`, `tokenEnv` say where a secret is, not what it is. */
const WHEREABOUTS = /(file|path|env|url|ttl|seconds|ms)$/i;
const CREDENTIAL_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]+@/i;
/** Members by which an item of a list is known again when others come and go. */
const NAMES = ["id", "name", "url"];

export function isSecretName(name: string): boolean {
  return SECRET.test(name) && !WHEREABOUTS.test(name);
}

/** A copy without secrets: every text under a secret's name, and every address with a password in it, becomes `mask`. */
export function redact(value: unknown, mask: string = PLACEHOLDER): unknown {
  return redactMember(value, mask, false);
}

function redactMember(value: unknown, mask: string, secret: boolean): unknown {
  if (typeof value === "string") return (secret && value !== "") || CREDENTIAL_URL.test(value) ? mask : value;
  if (Array.isArray(value)) return value.map((item) => redactMember(item, mask, secret));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      // Variables of a program are where people put its keys, whatever they call them.
      redactMember(member, mask, secret || isSecretName(name) || (name === "env" && isObject(member))),
    ]),
  );
}

/** Every secret text in `value`; what must not be written to a log. */
export function secretsIn(value: unknown, secret = false): string[] {
  if (typeof value === "string") return (secret && value !== "") || CREDENTIAL_URL.test(value) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item, secret));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => secretsIn(member, secret || isSecretName(name)));
}

/**
 * `given` with every placeholder replaced by the secret that `stored` has in its place.
 * @param lost is called with the path of a placeholder that stands for nothing
 */
export function restore(given: unknown, stored: unknown, lost: (path: string) => void, path = ""): unknown {
  if (given === PLACEHOLDER) {
    if (typeof stored === "string") return stored;
    lost(path);
    return given;
  }
  const below = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
  if (Array.isArray(given)) {
    const known = Array.isArray(stored) ? stored : [];
    return given.map((item, i) => restore(item, counterpart(item, i, given, known), lost, below(i)));
  }
  if (!isObject(given)) return given;
  const known: JsonObject = isObject(stored) ? stored : {};
  return Object.fromEntries(
    Object.entries(given).map(([name, member]) => [name, restore(member, known[name], lost, below(name))]),
  );
}

/** The stored item that a given one came from: the same but for its secrets, or of the same name, or in the same place of an equally long list. */
function counterpart(item: unknown, at: number, given: readonly unknown[], stored: readonly unknown[]): unknown {
  const same = stored.filter((one) => isDeepStrictEqual(redact(one), item));
  if (same.length === 1) return same[0];
  if (!isObject(item)) return given.length === stored.length ? stored[at] : undefined;
  for (const name of NAMES) {
    if (item[name] === undefined || item[name] === PLACEHOLDER) continue;
    const named = stored.filter((one) => isObject(one) && one[name] === item[name]);
    return named.length === 1 ? named[0] : undefined;
  }
  return given.length === stored.length ? stored[at] : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
