/**
 * How well a wake engine hears "hey jarvis" and nothing else, over the synthetic corpus of `speech-corpus.ts`.
 *
 *   node test/load/wake-eval.ts [--engine pocketsphinx|openwakeword] [--split dev|test] [--sample 120] [--json]
 *
 * Half of the clips that are drawn, seeded, begin with the phrase, the others are commands and other speech without it.
 * What is counted wrong: a phrase that is not heard within the clip, and anything heard in a clip without one. The limits
 * are what the last resort, pocketsphinx, keeps; one clip is 7 % of what is heard in noise.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Dither, readSpeechWav, SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import { createWakeEngine, type WakeEngine } from "@barnacle/hardware/wake";
import { seededRandom } from "@barnacle/protocol/runtime";
import { type Figure, report } from "./machine.ts";
import type { CorpusClip } from "./speech-corpus.ts";

const PHRASE = "hey jarvis";
const BLOCK = 1280;
const LEAD_S = 1;
const LIMITS = { clean: { missed: 40, heard: 2 }, noisy: { missed: 60, heard: 8 } } as const;

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "pocketsphinx" },
    split: { type: "string", default: "test" },
    sample: { type: "string", default: "120" },
    corpus: { type: "string", default: path.join(tmpdir(), "barnacle-speech-corpus-2") },
    json: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const corpus = values.corpus;
  if (!existsSync(path.join(corpus, "index.json"))) {
    execFileSync(process.execPath, [path.join(import.meta.dirname, "speech-corpus.ts"), corpus], { stdio: "inherit" });
  }
  const clips = (JSON.parse(readFileSync(path.join(corpus, "index.json"), "utf8")) as CorpusClip[]).filter(
    ({ split, wake }) => split === values.split && wake !== "tail",
  );
  const engine = createWakeEngine({ engine: values.engine as "pocketsphinx", phrases: [PHRASE] });
  await engine.load();
  const rows: { readonly clip: CorpusClip; readonly hits: number }[] = [];
  for (const clip of draw(clips)) {
    const samples = await readSpeechWav(path.join(corpus, clip.file));
    rows.push({ clip, hits: await listen(engine, samples) });
  }
  await engine.close();
  const figures = (["clean", "noisy"] as const).flatMap((noise): Figure[] => {
    const of = (spoken: boolean) =>
      rows.filter(({ clip }) => (clip.noise === "clean") === (noise === "clean") && (clip.wake !== "none") === spoken);
    const share = (all: typeof rows, bad: (hits: number) => boolean): number =>
      Math.round((1000 * all.filter(({ hits }) => bad(hits)).length) / Math.max(1, all.length)) / 10;
    const [spoken, other] = [of(true), of(false)];
    return [
      {
        ...{ name: `"${PHRASE}" not heard (${noise}, ${spoken.length})`, unit: "%" },
        ...{ value: share(spoken, (hits) => hits === 0), limit: LIMITS[noise].missed },
      },
      {
        ...{ name: `heard in other speech (${noise}, ${other.length})`, unit: "%" },
        ...{ value: share(other, (hits) => hits > 0), limit: LIMITS[noise].heard },
      },
    ];
  });
  const command = `node test/load/wake-eval.ts --engine ${values.engine} --split ${values.split} --sample ${values.sample}`;
  report("Wake phrase", `${rows.length} synthetic clips, voices: ${values.split}`, command, figures, values.json);
}

/** Half with the phrase, half without. */
function draw(clips: readonly CorpusClip[]): CorpusClip[] {
  const random = seededRandom(5);
  const shuffled = clips
    .map((clip) => ({ clip, at: random.unit() }))
    .sort((a, b) => a.at - b.at)
    .map(({ clip }) => clip);
  const half = Number(values.sample) / 2;
  const part = (spoken: boolean) => shuffled.filter(({ wake }) => (wake !== "none") === spoken).slice(0, half);
  return [...part(true), ...part(false)];
}

async function listen(engine: WakeEngine, clip: Samples): Promise<number> {
  const dither = new Dither();
  engine.reset();
  let hits = 0;
  for (const part of [dither.next(LEAD_S * SAMPLE_RATE), clip, dither.next(LEAD_S * SAMPLE_RATE)]) {
    for (let at = 0; at < part.length; at += BLOCK) hits += (await engine.process(part.slice(at, at + BLOCK))).length;
  }
  return hits;
}

await main();
