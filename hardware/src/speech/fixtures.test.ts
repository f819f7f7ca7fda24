/** The bundled recordings through the real engines; prints rates and latencies, engine by engine. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import t from "tap";
import { asSent, CLIP_FOLDER, CLIPS, type Clip, wantedText } from "../../../test/fixtures/clips.ts";
import { SAMPLE_RATE, type Samples } from "../audio/format.ts";
import { readSpeechWav } from "../audio/wav.ts";
import { createRecogniser, type RecogniserPaths, recogniserInfos } from "./create.ts";
import type { Recogniser, Recognition } from "./port.ts";
import { transcribeFile } from "./transcribe.ts";

const VOSK: RecogniserPaths = { library: process.env.VOSK_LIBRARY, model: process.env.VOSK_MODEL };
const COMMANDS = readFileSync(`${CLIP_FOLDER}home-commands.gram`, "utf8");
const GRAMMAR = { hash: "home-commands", jsgf: COMMANDS, pronunciations: {} };

const spoken = CLIPS.filter((clip) => clip.kind === "wake+command" || clip.kind === "negative");

interface Row {
  readonly clip: Clip;
  readonly recognition: Recognition;
  readonly finishMs: number;
}

/** What a node sends of a command: from its pre-roll before the detection until it is sure that speech has ended. */
function asHeard(clip: Clip, samples: Samples): Samples {
  const { from, to } = asSent(clip, samples.length, SAMPLE_RATE);
  return samples.slice(from, to);
}

async function hear(recogniser: Recogniser, clip: Clip): Promise<Row> {
  const samples = asHeard(clip, await readSpeechWav(CLIP_FOLDER + clip.file));
  const utterance = recogniser.begin();
  for (let at = 0; at < samples.length; at += 1280) utterance.feed(samples.slice(at, at + 1280));
  const started = performance.now();
  const recognition = await utterance.finish();
  return { clip, recognition, finishMs: performance.now() - started };
}

function report(test: Pick<typeof t, "comment">, engine: string, rows: readonly Row[]): void {
  for (const { clip, recognition, finishMs } of rows) {
    const heard = recognition.text || (recognition.nearest ? `(${recognition.nearest})` : "-");
    const line = `${clip.file}: ${recognition.outcome} ${recognition.confidence.toFixed(2)} ${heard}`;
    test.comment(`${engine} ${line} [${finishMs.toFixed(0)} ms for the whole clip]`);
  }
  const right = rows.filter(({ clip, recognition }) => recognition.text === wantedText(clip)).length;
  const load = `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;
  test.comment(`${engine}: ${right} of ${rows.length} right; ${load}`);
}

/** Runs every clip through one engine; `skip` says why not. */
function checkEngine(engine: string, paths: RecogniserPaths, skip: string | false): void {
  t.test(
    `${engine} recognises the commands exactly and rejects other speech`,
    { skip, timeout: 300_000 },
    async (test) => {
      const recogniser = createRecogniser(engine, paths);
      await recogniser.load(GRAMMAR);
      test.teardown(() => recogniser.close());
      const rows: Row[] = [];
      for (const clip of CLIPS) rows.push(await hear(recogniser, clip));
      report(test, engine, rows);
      for (const { clip, recognition } of rows) test.equal(recognition.text, wantedText(clip), `${clip.file}: live`);
      for (const clip of spoken) {
        const recognition = await transcribeFile(recogniser, await readSpeechWav(CLIP_FOLDER + clip.file));
        test.equal(recognition.text, wantedText(clip), `${clip.file}: as a file`);
      }
    },
  );
}

// Two passes over every clip, on a machine that may be busy.
t.setTimeout(300_000);

const infos = await recogniserInfos({ vosk: VOSK });
for (const { engine, availability } of infos) {
  const skip = availability.available ? false : `${engine} is not installed here: ${availability.reason}`;
  checkEngine(engine, engine === "vosk" ? VOSK : {}, skip);
}
