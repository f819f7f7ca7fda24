/** The bundled recordings in the demo household's grammar: as files, and as a node hears them. */
import {
  createRecogniser,
  FakeRecogniser,
  readSpeechWav,
  recogniserInfos,
  type SpeechGrammar,
} from "@barnacle/hardware/speech";
import t from "tap";
import { asSent, CLIP_FOLDER, CLIPS, wantedText } from "../../../test/fixtures/clips.ts";
import { transcribeFiles } from "./transcribe.ts";

const RATE = 16_000;

const [pocketsphinx] = await recogniserInfos();
const skip = pocketsphinx?.availability.available ? false : "pocketsphinx is not installed here";
t.setTimeout(300_000);

t.test(
  "every command is heard exactly and everything else rejected: as files",
  { skip, timeout: 300_000 },
  async (t) => {
    const results = await transcribeFiles(CLIPS.map(({ file }) => CLIP_FOLDER + file));
    for (const [i, clip] of CLIPS.entries()) t.equal(results[i]?.text, wantedText(clip), clip.file);
  },
);

t.test(
  "every command is heard exactly after its wake phrase, as a node hears it",
  { skip, timeout: 300_000 },
  async (t) => {
    const recogniser = createRecogniser("pocketsphinx");
    await recogniser.load(await demoGrammar());
    t.teardown(() => recogniser.close());
    for (const clip of CLIPS.filter(({ kind }) => kind === "wake+command")) {
      const samples = await readSpeechWav(CLIP_FOLDER + clip.file);
      const { from, detected, to } = asSent(clip, samples.length, RATE);
      const utterance = recogniser.begin();
      utterance.feed(samples.slice(from, detected));
      for (let at = detected; at < to; at += 1280) utterance.feed(samples.slice(at, Math.min(to, at + 1280)));
      const { text, nearest, confidence } = await utterance.finish();
      t.comment(`${clip.file}: ${confidence.toFixed(2)} ${text || `(${nearest})`}`);
      t.equal(text, wantedText(clip), clip.file);
    }
  },
);

/** The grammar that `transcribe` gives a recogniser when it is told of no household. */
async function demoGrammar(): Promise<SpeechGrammar> {
  const recogniser = new FakeRecogniser([]);
  await transcribeFiles([], { create: () => recogniser });
  return recogniser.grammars[0] as SpeechGrammar;
}
