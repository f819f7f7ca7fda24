import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "@barnacle/protocol/schema";

/**
 * What clients read of a gateway's configuration and the hub has no choice about. It is shown, and comes back with what
 * they write; it is never stored. Source: gateway protocol 3, "what clients read from config.get".
 */
const SHOWN: JsonObject = {
  gateway: { mode: "local", auth: { mode: "token" } },
  session: { mainKey: "main", scope: "per-sender" },
  talk: {},
};

/** `config` as clients expect it; what it says itself wins. */
export function shown(config: JsonObject): JsonObject {
  return under(SHOWN, config);
}

function under(base: JsonObject, over: JsonObject): JsonObject {
  const both = { ...base, ...over };
  for (const [name, value] of Object.entries(base)) {
    const own = over[name];
    if (isObject(value) && isObject(own)) both[name] = under(value, own);
  }
  return both;
}

/** `given` without what was only shown. A member that differs from what was shown stays, and the schema names it. */
export function stored(given: JsonObject, properties: JsonObject): JsonObject {
  return without(given, SHOWN, properties);
}

function without(given: JsonObject, view: JsonObject, properties: JsonObject): JsonObject {
  const kept = { ...given };
  for (const [name, value] of Object.entries(view)) {
    if (!(name in given)) continue;
    const own = (properties[name] as { properties?: JsonObject } | undefined)?.properties;
    if (name in properties && own && isObject(value) && isObject(given[name])) {
      kept[name] = without(given[name] as JsonObject, value, own);
    } else if (!(name in properties) && isDeepStrictEqual(given[name], value)) delete kept[name];
  }
  return kept;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
