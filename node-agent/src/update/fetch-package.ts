import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";

const MOST_BYTES = 512 * 1024 * 1024;
const SILENCE_MS = 30_000;

/**
 * Brings a package from an address or a path to `file`, where it is only once its checksum was right.
 * @throws COMMAND_FAILED
 */
export async function fetchPackage(source: string, sha256: string, file: string): Promise<void> {
  const part = `${file}.part`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const stream = await open(source);
    stream.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) stream.destroy(new RangeError(`more than ${MOST_BYTES} bytes`));
      hash.update(chunk);
    });
    await pipeline(stream, createWriteStream(part, { mode: 0o600, flush: true }));
    const found = hash.digest("hex");
    if (found !== sha256) {
      throw new BarnacleError("COMMAND_FAILED", `${source}: its SHA-256 is ${found}, and ${sha256} was expected`, {
        hint: "Look whether this is the right package; nothing was installed.",
      });
    }
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof BarnacleError) throw error;
    throw new BarnacleError("COMMAND_FAILED", `${source} could not be fetched: ${messageOf(error)}`, { cause: error });
  }
}

async function open(source: string): Promise<Readable> {
  if (!/^https?:\/\//.test(source)) return createReadStream(source);
  // Loaded by need: most nodes never fetch anything.
  const { get } = source.startsWith("https:") ? await import("node:https") : await import("node:http");
  return new Promise((resolve, reject) => {
    const request = get(source, (response: IncomingMessage) => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      reject(new RangeError(`the server answered ${response.statusCode}`));
    });
    request.setTimeout(SILENCE_MS, () => request.destroy(new RangeError(`nothing came for ${SILENCE_MS / 1000} s`)));
    request.once("error", reject);
  });
}
