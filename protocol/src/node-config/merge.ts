import { createHash } from "node:crypto";
import type { JsonObject } from "../schema/common.ts";

/**
 * Keys that only a node's own file may state: secrets, programs and libraries that would be run, and whom the node
 * belongs to beside its hub.
 */
export const LOCAL_KEYS: readonly string[] = [
  "uplink",
  "fleet",
  "wake.accessKey",
  "wake.modelDirectory",
  "microphone.command",
  "microphone.file",
  "speech.library",
  "speech.model",
  "voice.directory",
  "gpio.stateFile",
];

/** `layers` one over another, as RFC 7396 merges: objects member by member, null takes away, everything else replaces. */
export function mergeLayers(layers: readonly JsonObject[]): JsonObject {
  return layers.reduce<JsonObject>((below, layer) => merged(below, layer) as JsonObject, {});
}

/** Dotted keys of everything that is not an object: `wake.threshold`. */
export function keysOf(value: JsonObject, prefix = ""): string[] {
  return Object.entries(value).flatMap(([name, member]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    return isObject(member) ? keysOf(member, key) : [key];
  });
}

/** Whether a rule (`wake.threshold`, `wake`, `wake.*`, `*`) speaks of a key. */
export function matchesKey(rule: string, key: string): boolean {
  const name = rule.endsWith(".*") ? rule.slice(0, -2) : rule;
  return name === "*" || key === name || key.startsWith(`${name}.`);
}

/** A copy without the keys that `drop` says yes to. */
export function withoutKeys(value: JsonObject, drop: (key: string) => boolean, prefix = ""): JsonObject {
  const kept = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    if (!isObject(member)) return drop(key) ? [] : [[name, member]];
    const rest = withoutKeys(member, drop, key);
    return Object.keys(rest).length === 0 && Object.keys(member).length > 0 ? [] : [[name, rest]];
  });
  return Object.fromEntries(kept);
}

export function revisionOf(config: JsonObject): string {
  return createHash("sha256").update(canonical(config)).digest("hex").slice(0, 16);
}

function merged(below: unknown, above: unknown): unknown {
  if (!isObject(above)) return above;
  const result: JsonObject = isObject(below) ? { ...below } : {};
  for (const [name, member] of Object.entries(above)) {
    if (member === null) delete result[name];
    else result[name] = merged(result[name], member);
  }
  return result;
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? "null";
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
