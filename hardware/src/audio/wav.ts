import { readFile } from "node:fs/promises";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { SAMPLE_RATE, type Samples } from "./format.ts";

/** 16-bit PCM as found in a WAVE file. */
export interface PcmAudio {
  readonly sampleRate: number;
  readonly channels: number;
  /** Channels interleaved. */
  readonly samples: Samples;
  readonly durationMs: number;
}

const HEADER_BYTES = 44;
const PCM = 1;
const EXTENSIBLE = 0xfffe;
const FORMAT_NAMES: Readonly<Record<number, string>> = {
  2: "ADPCM",
  3: "floating point",
  6: "A-law",
  7: "mu-law",
  17: "IMA ADPCM",
  85: "MP3",
};

/**
 * Reads a RIFF/WAVE file holding 16-bit PCM of any rate and channel count.
 *
 * Chunks other than `fmt ` and `data` are skipped. A data chunk that claims more bytes than the file has (a stream
 * whose writer never knew its length, or a cut file) is read as far as it goes; a half sample at the end is dropped.
 *
 * @param name what the audio is called in errors, usually the file's path
 * @throws AUDIO_FORMAT naming what was found and what was expected
 */
export function parseWav(bytes: Buffer, name = "audio"): PcmAudio {
  if (bytes.length < 12 || bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE") {
    throw new BarnacleError("AUDIO_FORMAT", `${name}: found ${describeStart(bytes)}, expected a RIFF/WAVE file`);
  }
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString("latin1", at, at + 4);
    const claimed = bytes.readUInt32LE(at + 4);
    const start = at + 8;
    if (id === "fmt ") format = parseFormat(bytes.subarray(start, start + claimed), name);
    if (id === "data") {
      if (!format) throw new BarnacleError("AUDIO_FORMAT", `${name}: the data chunk comes before any format chunk`);
      return toPcm(bytes.subarray(start, dataEnd(bytes, start, claimed)), format);
    }
    // Chunks are padded to an even length; the padding is not counted in their size.
    at = start + claimed + (claimed % 2);
  }
  throw new BarnacleError("AUDIO_FORMAT", `${name}: found no data chunk, expected one (the file may be cut short)`);
}

/** Reads a WAVE file's bytes that must be 16 kHz, mono, 16-bit. @throws AUDIO_FORMAT */
export function parseSpeechWav(bytes: Buffer, name = "audio"): Samples {
  const audio = parseWav(bytes, name);
  if (audio.sampleRate !== SAMPLE_RATE || audio.channels !== 1) {
    throw new BarnacleError(
      "AUDIO_FORMAT",
      `${name}: found ${audio.sampleRate} Hz, ${plural(audio.channels, "channel")}, 16 bit; ` +
        `expected ${SAMPLE_RATE} Hz, 1 channel, 16 bit`,
      { details: { sampleRate: audio.sampleRate, channels: audio.channels, bitsPerSample: 16 } },
    );
  }
  return audio.samples;
}

/** Reads a 16 kHz, mono, 16-bit WAVE file. @throws FILE_UNREADABLE, AUDIO_FORMAT */
export async function readSpeechWav(file: string): Promise<Samples> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw new BarnacleError("FILE_UNREADABLE", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  return parseSpeechWav(bytes, file);
}

/** Wraps 16-bit samples (channels interleaved) in a RIFF/WAVE file. */
export function encodeWav(samples: Samples, sampleRate: number = SAMPLE_RATE, channels = 1): Buffer {
  const wav = Buffer.allocUnsafe(HEADER_BYTES + samples.length * 2);
  wav.write("RIFF", 0, "latin1");
  wav.writeUInt32LE(wav.length - 8, 4);
  wav.write("WAVEfmt ", 8, "latin1");
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(PCM, 20);
  wav.writeUInt16LE(channels, 22);
  wav.writeUInt32LE(sampleRate, 24);
  wav.writeUInt32LE(sampleRate * channels * 2, 28);
  wav.writeUInt16LE(channels * 2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write("data", 36, "latin1");
  wav.writeUInt32LE(samples.length * 2, 40);
  // Element by element: right on any byte order, and any alignment of the samples' buffer.
  for (let i = 0; i < samples.length; i++) wav.writeInt16LE(samples[i] ?? 0, HEADER_BYTES + i * 2);
  return wav;
}

interface WavFormat {
  readonly sampleRate: number;
  readonly channels: number;
}

function parseFormat(chunk: Buffer, name: string): WavFormat {
  if (chunk.length < 16) {
    throw new BarnacleError(
      "AUDIO_FORMAT",
      `${name}: the format chunk has ${chunk.length} bytes, expected at least 16`,
    );
  }
  let tag = chunk.readUInt16LE(0);
  // In the extensible layout the true tag is the first two bytes of the sub-format GUID.
  if (tag === EXTENSIBLE && chunk.length >= 26) tag = chunk.readUInt16LE(24);
  const channels = chunk.readUInt16LE(2);
  const sampleRate = chunk.readUInt32LE(4);
  const bits = chunk.readUInt16LE(14);
  if (tag !== PCM || bits !== 16) {
    const coding = tag === PCM ? "PCM" : (FORMAT_NAMES[tag] ?? `coding ${tag}`);
    throw new BarnacleError(
      "AUDIO_FORMAT",
      `${name}: found ${bits}-bit ${coding}, ${sampleRate} Hz, ${plural(channels, "channel")}; expected 16-bit PCM`,
      { details: { sampleRate, channels, bitsPerSample: bits, coding } },
    );
  }
  if (channels === 0 || sampleRate === 0) {
    throw new BarnacleError(
      "AUDIO_FORMAT",
      `${name}: found ${channels} channels at ${sampleRate} Hz, expected both above 0`,
    );
  }
  return { sampleRate, channels };
}

/** Where the data really ends. A size of 0 in front of more bytes is a streaming writer's "unknown". */
function dataEnd(bytes: Buffer, start: number, claimed: number): number {
  const streamed = claimed === 0 && bytes.readUInt32LE(4) + 8 < bytes.length;
  return streamed ? bytes.length : Math.min(bytes.length, start + claimed);
}

function toPcm(data: Buffer, format: WavFormat): PcmAudio {
  const frames = Math.floor(data.length / (2 * format.channels));
  const samples = new Int16Array(frames * format.channels);
  for (let i = 0; i < samples.length; i++) samples[i] = data.readInt16LE(i * 2);
  return { ...format, samples, durationMs: (frames * 1000) / format.sampleRate };
}

function describeStart(bytes: Buffer): string {
  if (bytes.length === 0) return "an empty file";
  const start = bytes.toString("latin1", 0, 4);
  if (start.startsWith("ID3") || (bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0)) return "an MP3 file";
  if (start === "OggS") return "an Ogg file";
  if (start === "fLaC") return "a FLAC file";
  return `${plural(bytes.length, "byte")} of something else`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
