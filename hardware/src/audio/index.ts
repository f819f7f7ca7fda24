export { Dither } from "./dither.ts";
export { SAMPLE_RATE, type Samples } from "./format.ts";
export { levelDbfs, SILENCE_DBFS } from "./level.ts";
export { Reframer } from "./reframer.ts";
export { SampleRing } from "./ring.ts";
export { encodeWav, type PcmAudio, parseSpeechWav, parseWav, readSpeechWav } from "./wav.ts";
