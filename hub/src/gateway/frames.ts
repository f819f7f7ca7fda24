import { type ConnectParams, PROTOCOL_VERSIONS } from "@barnacle/protocol/gateway";
import type { Problem, Validator } from "@barnacle/protocol/schema";
import type { TSchema } from "@sinclair/typebox";
import type { RawData } from "ws";

/** What a client is told whose protocol is not spoken here. */
export function mismatch({ minProtocol, maxProtocol }: ConnectParams) {
  const newest = PROTOCOL_VERSIONS[PROTOCOL_VERSIONS.length - 1] as number;
  const oldest = PROTOCOL_VERSIONS[0];
  return {
    ...{ code: "PROTOCOL_MISMATCH", clientMinProtocol: minProtocol, clientMaxProtocol: maxProtocol },
    expectedProtocol: maxProtocol < oldest ? oldest : newest,
    minimumProbeProtocol: oldest,
  };
}

/** `at /nodeId: expected string, but it is missing; …` */
export function problemsText<T extends TSchema>(check: Validator<T>, value: unknown): string {
  const one = (problem: Problem) => `at ${problem.path === "" ? "root" : problem.path}: ${problem.expected}`;
  return check.problems(value).map(one).join("; ");
}

/** Apps send their requests as binary frames; the bytes are the same JSON. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Answered by the caller: undefined stands for "not JSON", which JSON itself cannot say.
    return undefined;
  }
}

/**
 * A text frame as a server sends it (RFC 6455, section 5.2): whole, not masked, header and text in one piece, so that it leaves
 * in one plain write.
 */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = 0x81;
  if (header === 2) frame[1] = length;
  else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUIntBE(0, 2, 2);
    frame.writeUIntBE(length, 4, 6);
  }
  frame.write(text, header);
  return frame;
}
