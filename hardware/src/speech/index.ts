export { SAMPLE_RATE, type Samples } from "../audio/format.ts";
export { encodeWav, readSpeechWav } from "../audio/wav.ts";
export {
  createRecogniser,
  DEFAULT_THRESHOLD,
  RECOGNISERS,
  type RecogniserOptions,
  type RecogniserPaths,
  recogniserInfos,
} from "./create.ts";
export { FakeRecogniser, type ScriptedResult } from "./fake.ts";
export { type Jsgf, parseJsgf } from "./grammar/jsgf.ts";
export { grammarWords, isSentence } from "./grammar/sentences.ts";
export { DEFAULT_WAKE_PHRASES } from "./grammar/wake.ts";
export type { Recogniser, RecogniserInfo, Recognition, SpeechGrammar, Utterance } from "./port.ts";
export { transcribeFile } from "./transcribe.ts";
