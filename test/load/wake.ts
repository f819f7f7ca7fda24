/**
 * What listening costs: processor time and memory of the wake pipeline.
 *
 *   node test/load/wake.ts [--seconds 60] [--heads 3] [--quiet] [--fast] [--json]
 *
 * `--quiet` is a room in which nobody speaks, the state of a node for most of its life; without it somebody speaks
 * nearly all the time. Sound is fed in blocks of 80 ms, as a microphone gives them, at real pace unless `--fast`. CPU is processor time of
 * this whole process over seconds of sound; only then do the figures of a quiet room count, with cold caches between
 * frames. Limit: 0.03 of a core. Memory is printed for orientation, test sound included; `footprint.ts` measures the daemon.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Dither, readSpeechWav, SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import { createEndpoint } from "@barnacle/hardware/endpoint";
import { createWakeEngine } from "@barnacle/hardware/wake";

const PHRASES = ["hey jarvis", "alexa", "hey mycroft"];
const BLOCK = 1280;
const BLOCK_MS = (BLOCK * 1000) / SAMPLE_RATE;
const TARGET_CORE = 0.03;
const FIXTURES = path.join(import.meta.dirname, "../fixtures/audio");

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    heads: { type: "string", default: "3" },
    quiet: { type: "boolean", default: false },
    fast: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const heads = Number(values.heads);
const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;

const bareMb = megabytes(process.memoryUsage.rss());
const wake = createWakeEngine({ engine: "openwakeword", phrases: PHRASES.slice(0, heads) });
const endpoint = createEndpoint();
await Promise.all([wake.load(), endpoint.load()]);
const loadedMb = megabytes(process.memoryUsage.rss());

const sound = values.quiet ? new Dither(60).next(seconds * SAMPLE_RATE) : await household(seconds * SAMPLE_RATE);
const before = process.cpuUsage();
const started = performance.now();
let hits = 0;
for (let at = 0; at < sound.length; at += BLOCK) {
  hits += (await wake.process(sound.subarray(at, at + BLOCK))).length;
  const early = values.fast ? 0 : ((at + BLOCK) / BLOCK) * BLOCK_MS - (performance.now() - started);
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
}
const { user, system } = process.cpuUsage(before);
const core = (user + system) / 1e6 / seconds;
const rssMb = megabytes(process.memoryUsage.rss());
await Promise.all([wake.close(), endpoint.close()]);

const result = {
  machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`,
  input: `${seconds} s of ${values.quiet ? "a quiet room" : "speech with pauses of 2 s"}, ${values.fast ? "as fast as it goes" : "real pace"}, ${heads} phrases`,
  command: `node test/load/wake.ts --seconds ${seconds} --heads ${heads}${values.quiet ? " --quiet" : ""}${values.fast ? " --fast" : ""}`,
  core: Math.round(core * 1e4) / 1e4,
  hits,
  bareMb,
  loadedMb,
  rssMb,
  limit: TARGET_CORE,
  ok: core <= TARGET_CORE,
};
if (values.json) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
} else {
  for (const [name, value] of Object.entries(result)) process.stdout.write(`${name.padEnd(10)} ${value}\n`);
}
process.exitCode = result.ok ? 0 : 1;

/** All fixture clips in turn with a pause after each, over and over. */
async function household(length: number): Promise<Samples> {
  const { files } = JSON.parse(readFileSync(path.join(FIXTURES, "manifest.json"), "utf8")) as {
    files: { file: string }[];
  };
  const clips = await Promise.all(files.map(({ file }) => readSpeechWav(path.join(FIXTURES, file))));
  const whole = new Dither().next(length);
  for (let at = 0, turn = 0; at < length; turn++) {
    const clip = clips[turn % clips.length] as Samples;
    whole.set(clip.subarray(0, length - at), at);
    at += clip.length + 2 * SAMPLE_RATE;
  }
  return whole;
}
