/** The bundled recordings through the real engines; prints rates and latencies, engine by engine. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import t from "tap";
import { SAMPLE_RATE, type Samples } from "../audio/format.ts";
import { readSpeechWav } from "../audio/wav.ts";
import { createRecogniser, type RecogniserPaths, recogniserInfos } from "./create.ts";
import type { Recogniser, Recognition } from "./port.ts";
import { transcribeFile } from "./transcribe.ts";

const FOLDER = fileURLToPath(new URL("../../../test/fixtures/audio/", import.meta.url));
const VOSK: RecogniserPaths = { library: process.env.VOSK_LIBRARY, model: process.env.VOSK_MODEL };
const COMMANDS = readFileSync(`${FOLDER}home-commands.gram`, "utf8");
const GRAMMAR = { hash: "home-commands", jsgf: COMMANDS, pronunciations: {} };

/** A node's pre-roll before a detection, and the silence by which it tells that speech has ended; seconds. */
const PREROLL = 1.2;
const SILENCE = 0.7;

interface Clip {
  readonly file: string;
  readonly kind: "wake" | "wake+command" | "negative" | "noise";
  readonly text: string | null;
  readonly hard?: boolean;
  readonly wakeEnd?: number;
  readonly speechEnd?: number;
  readonly measured?: { readonly heyJarvisAt?: number };
}

const { files } = JSON.parse(readFileSync(`${FOLDER}manifest.json`, "utf8")) as { files: Clip[] };
const clips = files.filter((clip) => !clip.hard);
const spoken = clips.filter((clip) => clip.kind === "wake+command" || clip.kind === "negative");
/** This negative is one for the wake engine only: the sentence itself is a command. */
const commandsAmongNegatives = ["neg-command-no-wake-slt.wav"];

interface Row {
  readonly clip: Clip;
  readonly recognition: Recognition;
  readonly finishMs: number;
}

/** What a node sends of a command: from its pre-roll before the detection until it is sure that speech has ended. */
function asHeard(clip: Clip, samples: Samples): Samples {
  if (clip.kind !== "wake+command" || clip.speechEnd === undefined) return samples;
  const detected = clip.measured?.heyJarvisAt ?? clip.wakeEnd ?? 0;
  return samples.slice(Math.max(0, (detected - PREROLL) * SAMPLE_RATE), (clip.speechEnd + SILENCE) * SAMPLE_RATE);
}

async function hear(recogniser: Recogniser, clip: Clip): Promise<Row> {
  const samples = asHeard(clip, await readSpeechWav(FOLDER + clip.file));
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
  const right = rows.filter(({ clip, recognition }) => recognition.text === wanted(clip)).length;
  const load = `load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;
  test.comment(`${engine}: ${right} of ${rows.length} right; ${load}`);
}

/** The text that a clip must come out as; "" when it must be rejected. */
function wanted(clip: Clip): string {
  const command = clip.kind === "wake+command" || commandsAmongNegatives.includes(clip.file);
  return command ? (clip.text ?? "") : "";
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
      for (const clip of clips) rows.push(await hear(recogniser, clip));
      report(test, engine, rows);
      for (const { clip, recognition } of rows) test.equal(recognition.text, wanted(clip), `${clip.file}: live`);
      for (const clip of spoken) {
        const recognition = await transcribeFile(recogniser, await readSpeechWav(FOLDER + clip.file));
        test.equal(recognition.text, wanted(clip), `${clip.file}: as a file`);
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
