import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Dither, type Samples } from "../../hardware/src/audio/index.ts";

const CHUNK_S = 0.2;
const SAMPLE_RATE = 16_000;

/** Ends with its reader: `cat` fails once nobody reads, however the reader ended. */
const SCRIPT = `cd "$1" || exit
while :; do
  if mv said now 2>/dev/null; then cat now || exit; else cat quiet || exit; fi
  sleep ${CHUNK_S}
done
`;

/**
 * A microphone in the test's hand: near-silence at real pace, and a whole sentence at once when the test says one. It
 * goes on over restarts of the node that reads it.
 */
export class ScriptedMicrophone {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true });
    writeFileSync(path.join(dir, "microphone.sh"), SCRIPT);
    writeFileSync(path.join(dir, "quiet"), bytes(new Dither(6, 5).next(CHUNK_S * SAMPLE_RATE)));
  }

  /** The node's `microphone` section. */
  get config(): Record<string, unknown> {
    return { driver: "command", command: ["sh", path.join(this.#dir, "microphone.sh"), this.#dir] };
  }

  /** The recorder ends, and finds nothing to record when it is started again. */
  unplug(): void {
    rmSync(path.join(this.#dir, "quiet"));
  }

  /** 16 kHz; followed by enough quiet to end the utterance. */
  say(sentence: Samples): void {
    const after = new Dither(6, 6).next(1.5 * SAMPLE_RATE);
    const file = path.join(this.#dir, "saying");
    writeFileSync(file, Buffer.concat([bytes(sentence), bytes(after)]));
    renameSync(file, path.join(this.#dir, "said"));
  }
}

function bytes(samples: Samples): Buffer {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
}
