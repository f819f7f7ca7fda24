import { createHash } from "node:crypto";
import type { JsonObject } from "@barnacle/protocol/schema";

const SECRET_NAME = /token|secret|password|passphrase|credential|(private|access|api)[-_]?key|setup[-_]?code/i;
const SECRET_WORD = /^(key|code|pin)$/i;
/** Longer texts without a space are data (audio, images), not something to read in a trail. */
const LONG = 200;
const MASKED = "***";

/** A copy without secrets, by name of the member, and with long data replaced by its length and digest. */
export function masked(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, maskMember(name, member)]));
}

/** Names come back all the time. */
const known = new Map<string, boolean>();
const MOST_KNOWN = 500;

function isSecret(name: string): boolean {
  const before = known.get(name);
  if (before !== undefined) return before;
  const secret = SECRET_NAME.test(name) || SECRET_WORD.test(name);
  // The names of commands' parameters are the callers'.
  if (known.size < MOST_KNOWN && name.length < LONG) known.set(name, secret);
  return secret;
}

function maskMember(name: string, value: unknown): unknown {
  if (isSecret(name) && value !== null && value !== undefined) return MASKED;
  return maskValue(value);
}

function maskValue(value: unknown): unknown {
  if (typeof value === "string") return shortened(value);
  if (value instanceof Uint8Array) return digestOf(value, value.byteLength);
  if (Array.isArray(value)) return value.map(maskValue);
  if (typeof value === "object" && value !== null) return masked(value as JsonObject);
  return value;
}

function shortened(text: string): string {
  return text.length > LONG && !/\s/.test(text) ? digestOf(text, text.length) : text;
}

function digestOf(data: string | Uint8Array, length: number): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")} (${length} long)`;
}
