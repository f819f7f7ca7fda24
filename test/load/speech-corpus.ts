/**
 * Writes a corpus of synthetic commands and other speech for tuning and judging recognisers.
 *
 *   node test/load/speech-corpus.ts DIR [--every N]
 *
 * Needs the Debian packages espeak-ng, flite and sox. One clip in `N` (2) is also written with noise. The choice of
 * sentences, wake phrase, pause and noise is seeded: the same call gives the same corpus. It has two halves that share
 * neither voices nor sentences: weights and thresholds are chosen on `dev` and judged on `test`.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeWav, parseSpeechWav, SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import { type Random, seededRandom } from "@barnacle/protocol/runtime";
import { drawCommands, type Grammar } from "./speech-grammars.ts";
import { HELD_OUT, IN_GRAMMAR, OUT_OF_GRAMMAR } from "./speech-sentences.ts";

export interface CorpusClip {
  readonly file: string;
  readonly text: string;
  /** The grammar that it is a sentence of, or other speech. */
  readonly source: Grammar | "other";
  readonly voice: string;
  readonly split: "dev" | "test";
  /** What comes before the sentence; `tail` is the last part of a wake phrase. */
  readonly wake: "none" | "full" | "tail" | "joined";
  readonly noise: "clean" | "pink" | "music";
  readonly snrDb?: number;
}

interface Voice {
  readonly name: string;
  readonly split: "dev" | "test";
  readonly engine: "flite" | "espeak-ng";
  readonly args: readonly string[];
}

const flite = (name: string, split: Voice["split"]): Voice => ({
  name: `flite ${name}`,
  split,
  engine: "flite",
  args: ["-voice", name],
});
const espeak = (name: string, speed: number, split: Voice["split"]): Voice => ({
  name: `espeak-ng ${name} ${speed}`,
  split,
  engine: "espeak-ng",
  args: ["-v", name, "-s", String(speed)],
});

const VOICES: readonly Voice[] = [
  flite("slt", "dev"),
  flite("kal16", "dev"),
  espeak("en-us", 160, "dev"),
  espeak("en-us+f2", 135, "dev"),
  espeak("en-gb", 155, "dev"),
  espeak("en-us+m3", 165, "dev"),
  espeak("en-us+f4", 170, "dev"),
  espeak("en-gb+m1", 140, "dev"),
  flite("rms", "test"),
  flite("awb", "test"),
  espeak("en-us+m7", 145, "test"),
  espeak("en-gb+f3", 150, "test"),
  espeak("en-us+Annie", 155, "test"),
  espeak("en-us+Michael", 150, "test"),
  espeak("en-gb-x-rp+f1", 150, "test"),
  espeak("en-us-nyc+m4", 155, "test"),
  espeak("en-us+linda", 145, "test"),
];

/** Commands drawn from each grammar for each half. */
const DRAWN = 40;

interface Line {
  readonly text: string;
  readonly source: CorpusClip["source"];
}

function lines(split: Voice["split"]): Line[] {
  const seed = split === "dev" ? 11 : 12;
  const tuning = new Set([...IN_GRAMMAR, ...drawCommands("house", DRAWN, 11, new Set())]);
  const known = split === "dev" ? new Set<string>() : tuning;
  const from = (source: Line["source"], texts: readonly string[]) => texts.map((text) => ({ text, source }));
  return [
    ...from("home", split === "dev" ? IN_GRAMMAR : drawCommands("home", DRAWN, seed, known)),
    ...from("house", drawCommands("house", DRAWN, seed, known)),
    ...from("other", split === "dev" ? OUT_OF_GRAMMAR : HELD_OUT),
  ];
}

const SNRS = [20, 15, 10];

/** flite opens its output by name, and a pipe's name cannot be opened when the pipe is a socket. */
function viaFile(write: (file: string) => void): Buffer {
  const scratch = mkdtempSync(join(tmpdir(), "corpus-"));
  try {
    write(join(scratch, "out.wav"));
    return readFileSync(join(scratch, "out.wav"));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function speak(voice: Voice, text: string): Samples {
  const raw =
    voice.engine === "flite"
      ? viaFile((file) => execFileSync("flite", [...voice.args, "-t", text, "-o", file]))
      : execFileSync("espeak-ng", [...voice.args, "--stdout", "--", text], { maxBuffer: 1 << 26 });
  const args = ["-q", "--ignore-length", "-t", "wav", "-", "-r", String(SAMPLE_RATE), "-c", "1", "-b", "16"];
  // Levelled, so that the signal-to-noise ratio means the same for every voice.
  const wav = execFileSync("sox", [...args, "-t", "wav", "-", "norm", "-6"], {
    input: raw,
    maxBuffer: 1 << 26,
    stdio: ["pipe", "pipe", "ignore"],
  });
  return parseSpeechWav(wav, voice.name);
}

const silence = (seconds: number): Samples => new Int16Array(Math.round(seconds * SAMPLE_RATE));

function join16(...parts: Samples[]): Samples {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Pink noise by Voss and McCartney's sum of held random values, at amplitude near 1. */
function pink(length: number, random: Random): Float64Array {
  const rows = new Float64Array(14);
  let sum = 0;
  return Float64Array.from({ length }, (_, i) => {
    const row = Math.min(13, Math.clz32(i & -i) === 32 ? 13 : 31 - Math.clz32(i & -i));
    sum -= rows[row] ?? 0;
    rows[row] = random.unit() * 2 - 1;
    sum += rows[row] ?? 0;
    return sum / 4;
  });
}

/** A plain organ playing random triads, two a second. */
function music(length: number, random: Random): Float64Array {
  const out = new Float64Array(length);
  const half = SAMPLE_RATE / 2;
  for (let start = 0; start < length; start += half) {
    const root = 110 * 2 ** (Math.floor(random.unit() * 24) / 12);
    for (const step of [0, 4, 7]) {
      for (let harmonic = 1; harmonic <= 6; harmonic++) {
        const w = (2 * Math.PI * root * 2 ** (step / 12) * harmonic) / SAMPLE_RATE;
        const end = Math.min(length, start + half);
        for (let i = start; i < end; i++) {
          out[i] = (out[i] ?? 0) + (Math.sin(w * i) / harmonic) * Math.exp((start - i) / half);
        }
      }
    }
  }
  return out;
}

const power = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) ** 2;
  return sum / Math.max(1, values.length);
};

/** Adds noise; the ratio is taken against the power of the speech alone. */
function mix(clip: Samples, speech: Samples, noise: Float64Array, snrDb: number): Samples {
  const gain = Math.sqrt(power(speech) / power(noise) / 10 ** (snrDb / 10));
  return clip.map((value, i) => Math.max(-32768, Math.min(32767, Math.round(value + gain * (noise[i] ?? 0)))));
}

function build(dir: string, every: number): CorpusClip[] {
  const random = seededRandom(20_261);
  const clips: CorpusClip[] = [];
  const between = (low: number, high: number): number => low + random.unit() * (high - low);
  for (const voice of VOICES) {
    const wakeSound = speak(voice, "hey jarvis");
    for (const [index, { text, source }] of lines(voice.split).entries()) {
      const draw = random.unit();
      const wake = draw < 0.4 ? "none" : draw < 0.75 ? "full" : draw < 0.9 ? "tail" : "joined";
      const speech = speak(voice, wake === "joined" ? `hey jarvis ${text}` : text);
      const before =
        wake === "full"
          ? join16(wakeSound, silence(between(0.05, 0.4)))
          : wake === "tail"
            ? join16(wakeSound.slice(Math.round(wakeSound.length * between(0.3, 0.8))), silence(between(0.05, 0.3)))
            : silence(0);
      const clip = join16(
        silence(wake === "tail" ? 0 : between(0.05, 0.7)),
        before,
        speech,
        silence(between(0.3, 0.8)),
      );
      // A faint floor: no microphone gives digital silence.
      const floor = mix(clip, speech, pink(clip.length, random), 45);
      const base = `${voice.name.replace(/\W+/g, "-")}-${index}`;
      const entry = {
        text,
        source,
        voice: voice.name,
        split: voice.split,
        wake,
      } as const;
      clips.push({ file: `${base}.wav`, ...entry, noise: "clean" });
      writeFileSync(join(dir, `${base}.wav`), encodeWav(floor));
      if (random.unit() * every >= 1) continue;
      const kind = random.unit() < 0.6 ? "pink" : "music";
      const snrDb = SNRS[Math.floor(random.unit() * SNRS.length)] ?? 20;
      const noise = kind === "pink" ? pink(clip.length, random) : music(clip.length, random);
      clips.push({ file: `${base}-${kind}${snrDb}.wav`, ...entry, noise: kind, snrDb });
      writeFileSync(join(dir, `${base}-${kind}${snrDb}.wav`), encodeWav(mix(clip, speech, noise, snrDb)));
    }
  }
  return clips;
}

const [dir, option, value] = process.argv.slice(2);
if (dir === undefined) {
  console.error("usage: node test/load/speech-corpus.ts DIR [--every N]");
  process.exitCode = 2;
} else {
  mkdirSync(dir, { recursive: true });
  const clips = build(dir, option === "--every" ? Number(value) : 2);
  writeFileSync(join(dir, "index.json"), JSON.stringify(clips, null, 1));
  console.log(`${clips.length} clips in ${dir}`);
}
