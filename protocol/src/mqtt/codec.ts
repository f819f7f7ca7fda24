import type { TSchema } from "@sinclair/typebox";
import { BarnacleError } from "../errors/index.ts";
import { type Validator, validator } from "../schema/validator.ts";
import { Envelope, MQTT_CONTRACT, type TopicBody, type TopicName } from "./contract.ts";

export interface Decoded<N extends TopicName> {
  readonly id: string;
  readonly ts: number;
  readonly exp: number | undefined;
  readonly trace: string | undefined;
  readonly body: TopicBody<N>;
}

export interface Stamp {
  readonly id: string;
  readonly ts: number;
  readonly exp?: number;
  readonly trace?: string;
}

/** Larger payloads are refused before they are parsed. */
export const MAX_PAYLOAD_BYTES = 512 * 1024;

const envelope = validator(Envelope);
const bodies = new Map<TopicName, Validator<TSchema>>();

/** Encodes a message after checking its body, so that nothing malformed leaves. @throws MESSAGE_MALFORMED */
export function encode<N extends TopicName>(name: N, stamp: Stamp, body: TopicBody<N>): Buffer {
  bodyValidator(name).parse(body, `${name} message`, "MESSAGE_MALFORMED");
  return Buffer.from(JSON.stringify({ v: 1, ...stamp, body }), "utf8");
}

/**
 * Decodes and validates a payload from outside. Members it does not know are ignored.
 * @param nowMs the sender's clock as far as known; a message past its expiry is refused
 * @throws MESSAGE_MALFORMED, MESSAGE_EXPIRED
 */
export function decode<N extends TopicName>(name: N, payload: Uint8Array, nowMs: number): Decoded<N> {
  if (payload.byteLength > MAX_PAYLOAD_BYTES) {
    throw new BarnacleError(
      "MESSAGE_MALFORMED",
      `${name} message: ${payload.byteLength} bytes, at most ${MAX_PAYLOAD_BYTES} were expected`,
    );
  }
  const outer = envelope.parse(parseJson(name, payload), `${name} message`, "MESSAGE_MALFORMED");
  const body = bodyValidator(name).parse(outer.body, `${name} message body`, "MESSAGE_MALFORMED") as TopicBody<N>;
  if (outer.exp !== undefined && outer.exp < nowMs) {
    throw new BarnacleError("MESSAGE_EXPIRED", `${name} message ${outer.id} expired ${nowMs - outer.exp} ms ago`);
  }
  return { id: outer.id, ts: outer.ts, exp: outer.exp, trace: outer.trace, body };
}

function parseJson(name: TopicName, payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8"));
  } catch (error) {
    throw new BarnacleError("MESSAGE_MALFORMED", `${name} message: JSON was expected`, { cause: error });
  }
}

function bodyValidator(name: TopicName): Validator<TSchema> {
  let known = bodies.get(name);
  if (!known) {
    known = validator(MQTT_CONTRACT[name].schema as TSchema);
    bodies.set(name, known);
  }
  return known;
}
