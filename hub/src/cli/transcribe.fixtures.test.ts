/** The bundled recordings in the demo household's grammar: as files, and as a node hears them. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  createRecogniser,
  FakeRecogniser,
  readSpeechWav,
  recogniserInfos,
  type SpeechGrammar,
} from "@barnacle/hardware/speech";
import t from "tap";
import { transcribeFiles } from "./transcribe.ts";

const FOLDER = fileURLToPath(new URL("../../../test/fixtures/audio/", import.meta.url));
const RATE = 16_000;
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
/** This negative is one for the wake engine only: the sentence itself is a command. */
const COMMAND_WITHOUT_WAKE = "neg-command-no-wake-slt.wav";
const wanted = ({ kind, file, text }: Clip): string =>
  kind === "wake+command" || file === COMMAND_WITHOUT_WAKE ? (text ?? "") : "";

const [pocketsphinx] = await recogniserInfos();
const skip = pocketsphinx?.availability.available ? false : "pocketsphinx is not installed here";
t.setTimeout(300_000);

t.test(
  "every command is heard exactly and everything else rejected: as files",
  { skip, timeout: 300_000 },
  async (t) => {
    const results = await transcribeFiles(clips.map(({ file }) => FOLDER + file));
    for (const [i, clip] of clips.entries()) t.equal(results[i]?.text, wanted(clip), clip.file);
  },
);

t.test(
  "every command is heard exactly after its wake phrase, as a node hears it",
  { skip, timeout: 300_000 },
  async (t) => {
    const recogniser = createRecogniser("pocketsphinx");
    await recogniser.load(await demoGrammar());
    t.teardown(() => recogniser.close());
    for (const clip of clips.filter(({ kind }) => kind === "wake+command")) {
      const samples = await readSpeechWav(FOLDER + clip.file);
      const detected = clip.measured?.heyJarvisAt ?? clip.wakeEnd ?? 0;
      const from = Math.max(0, Math.round((detected - PREROLL) * RATE));
      const to = Math.min(samples.length, Math.round(((clip.speechEnd ?? 0) + SILENCE) * RATE));
      const utterance = recogniser.begin();
      utterance.feed(samples.slice(from, Math.round(detected * RATE)));
      for (let at = Math.round(detected * RATE); at < to; at += 1280)
        utterance.feed(samples.slice(at, Math.min(to, at + 1280)));
      const { text, nearest, confidence } = await utterance.finish();
      t.comment(`${clip.file}: ${confidence.toFixed(2)} ${text || `(${nearest})`}`);
      t.equal(text, wanted(clip), clip.file);
    }
  },
);

/** The grammar that `transcribe` gives a recogniser when it is told of no household. */
async function demoGrammar(): Promise<SpeechGrammar> {
  const recogniser = new FakeRecogniser([]);
  await transcribeFiles([], { create: () => recogniser });
  return recogniser.grammars[0] as SpeechGrammar;
}
