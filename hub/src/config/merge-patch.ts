import type { JsonObject } from "@barnacle/protocol/schema";

/** RFC 7396, but that an object at one of `replacePaths` (dotted) replaces what was there. */
export function mergePatch(
  target: unknown,
  patch: unknown,
  replacePaths: ReadonlySet<string> = new Set(),
  path = "",
): unknown {
  if (!isObject(patch)) return patch;
  const merged: JsonObject = isObject(target) && !replacePaths.has(path) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    const at = path === "" ? name : `${path}.${name}`;
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value, replacePaths, at);
  }
  return merged;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
