import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { Dither, readSpeechWav, SAMPLE_RATE } from "../../audio/index.ts";
import type { WakeHit } from "../port.ts";
import { EMBEDDING, EmbeddingModel, MEL_BINS, MEL_ROWS, openedRows, STEP_ROWS } from "./embedding.ts";
import { OpenWakeWord } from "./engine.ts";
import { locateOpenWakeWord } from "./models.ts";

const FIXTURES = new URL("../../../../test/fixtures/audio/", import.meta.url);
const PHRASES = ["hey jarvis", "alexa"];
const files = locateOpenWakeWord(PHRASES, undefined);
/** The shape the byte patterns look for, in a field that no reader of the format knows. */
const DECOY = Buffer.concat([
  Buffer.from([0xa2, 0x06, 32]),
  Buffer.from(new BigInt64Array([-1n, 1n, BigInt(MEL_ROWS), BigInt(MEL_BINS)]).buffer),
]);

/** A folder with the same models, but an embedding that cannot be told to be the published one. */
function disguised(dir: string): string {
  for (const file of [files.mel, ...files.heads.map((head) => head.file)]) {
    copyFileSync(file, path.join(dir, path.basename(file)));
  }
  writeFileSync(path.join(dir, path.basename(files.embedding)), Buffer.concat([readFileSync(files.embedding), DECOY]));
  return dir;
}

t.test("several steps in one run are what a run each gives", async (t) => {
  const model = await EmbeddingModel.open(files.embedding);
  t.teardown(() => model.close());
  t.ok(model.mostSteps > 1, `${model.mostSteps} steps`);
  const random = seededRandom(7);
  for (let steps = 1; steps <= model.mostSteps; steps++) {
    const rows = Float32Array.from(
      { length: (MEL_ROWS + (steps - 1) * STEP_ROWS) * MEL_BINS },
      () => random.unit() * 4,
    );
    const together = await model.run(rows, steps);
    t.equal(together.length, steps * EMBEDDING);
    for (let step = 0; step < steps; step++) {
      const from = step * STEP_ROWS * MEL_BINS;
      const alone = await model.run(rows.slice(from, from + MEL_ROWS * MEL_BINS), 1);
      t.same(together.slice(step * EMBEDDING, (step + 1) * EMBEDDING), alone, `step ${step} of ${steps}`);
    }
  }
});

t.test("a file that may be another model is left as it is", async (t) => {
  t.ok(openedRows(readFileSync(files.embedding)));
  t.equal(openedRows(Buffer.alloc(200)), undefined, "no shape in it");
  t.equal(openedRows(Buffer.concat([readFileSync(files.embedding), DECOY])), undefined, "two places to choose from");
  const dir = disguised(t.testdir());
  const model = await EmbeddingModel.open(path.join(dir, path.basename(files.embedding)));
  t.teardown(() => model.close());
  t.equal(model.mostSteps, 1);
});

t.test("what is heard does not depend on how many frames are looked at together", async (t) => {
  const sound: number[] = [];
  for (const name of ["wake-hey-jarvis-rms", "wake-alexa-rms", "neg-hey-james-rms", "wake-hey-jarvis-slt"]) {
    sound.push(
      ...new Dither(6).next(2.3 * SAMPLE_RATE),
      ...(await readSpeechWav(new URL(`${name}.wav`, FIXTURES).pathname)),
    );
  }
  sound.push(...new Dither(6).next(SAMPLE_RATE));
  const samples = Int16Array.from(sound);
  const heard: WakeHit[][] = [];
  for (const modelDir of [undefined, disguised(t.testdir())]) {
    const engine = new OpenWakeWord({ phrases: PHRASES, ...(modelDir === undefined ? {} : { modelDir }) });
    await engine.load();
    t.teardown(() => engine.close());
    const hits: WakeHit[] = [];
    for (let at = 0; at < samples.length; at += 1000)
      hits.push(...(await engine.process(samples.subarray(at, at + 1000))));
    heard.push(hits);
  }
  t.equal(heard[0]?.length, 3);
  t.same(heard[0], heard[1]);
});
