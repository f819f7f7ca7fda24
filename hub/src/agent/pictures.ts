import { BarnacleError } from "@barnacle/protocol/errors";
import type { RunAttachment } from "../services.ts";

const MAX_BYTES = 5_000_000;

interface Given {
  readonly mimeType?: string | undefined;
  readonly fileName?: string | null | undefined;
  readonly content?: unknown;
}

/** First bytes by which a picture is known, whatever it is called. */
const SIGNATURES: readonly (readonly [string, readonly number[]])[] = [
  ["image/png", [0x89, 0x50, 0x4e, 0x47]],
  ["image/jpeg", [0xff, 0xd8, 0xff]],
  ["image/gif", [0x47, 0x49, 0x46, 0x38]],
  ["image/webp", [0x52, 0x49, 0x46, 0x46]],
];

/**
 * Base64 or data URL → pictures. Source: gateway protocol 3, "attachment": only images, at most 5,000,000 bytes each.
 * @throws INPUT_INVALID naming the attachment
 */
export function pictures(given: readonly Given[] | undefined): RunAttachment[] {
  return (given ?? []).map(({ mimeType, fileName, content }, n) => {
    const name = fileName ?? `attachment ${n + 1}`;
    if (typeof content !== "string") throw refused(name, "its content is not base64 text");
    const base64 = content.replace(/^data:[^,]*,/, "").replace(/\s+/g, "");
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw refused(name, "its content is not base64");
    const bytes = Buffer.from(base64, "base64");
    if (bytes.length > MAX_BYTES) throw refused(name, `it has ${bytes.length} bytes; at most ${MAX_BYTES}`);
    const type = SIGNATURES.find(([, first]) => first.every((byte, at) => bytes[at] === byte))?.[0];
    if (type === undefined) throw refused(name, `it is not an image (${mimeType ?? "no type given"})`);
    return { mimeType: type, content: base64, ...(fileName ? { fileName } : {}) };
  });
}

function refused(name: string, why: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `attachment ${name.slice(0, 80)}: ${why}`);
}
