/** The bundled recordings through the real engines; prints rates and latencies, engine by engine. */
import { readFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import t from "tap";
import { readSpeechWav } from "../audio/wav.ts";
import { createRecogniser, type RecogniserPaths, recogniserInfos } from "./create.ts";
import type { Recogniser, Recognition } from "./port.ts";
import { transcribeFile } from "./transcribe.ts";

const FOLDER = fileURLToPath(new URL("../../../test/fixtures/audio/", import.meta.url));
const VOSK: RecogniserPaths = { library: process.env.VOSK_LIBRARY, model: process.env.VOSK_MODEL };
const COMMANDS = readFileSync(`${FOLDER}home-commands.gram`, "utf8");
const GRAMMAR = { hash: "home-commands", jsgf: COMMANDS, pronunciations: {} };

interface Clip {
  readonly file: string;
  readonly kind: "wake" | "wake+command" | "negative" | "noise";
  readonly text: string | null;
  readonly hard?: boolean;
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

async function hear(recogniser: Recogniser, clip: Clip): Promise<Row> {
  const samples = await readSpeechWav(FOLDER + clip.file);
  // As in a room: nearly all of it was fed, and decoded, when the speaker falls silent.
  const utterance = recogniser.begin();
  for (let at = 0; at < samples.length; at += 1280) utterance.feed(samples.slice(at, at + 1280));
  const started = performance.now();
  const recognition = await utterance.finish();
  return { clip, recognition, finishMs: performance.now() - started };
}

function report(t: Tap.Test, engine: string, rows: readonly Row[]): void {
  for (const { clip, recognition } of rows) {
    const heard = recognition.text || (recognition.nearest ? `(${recognition.nearest})` : "-");
    t.comment(`${engine} ${clip.file}: ${recognition.outcome} ${recognition.confidence.toFixed(2)} ${heard}`);
  }
  const exact = rows.filter(({ clip, recognition }) => recognition.text === clip.text).length;
  t.comment(`${engine}: ${exact} of ${rows.length} texts, load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()}`);
}

declare namespace Tap {
  type Test = typeof t;
}
