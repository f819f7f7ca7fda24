export { SAMPLE_RATE, type Samples } from "./format.ts";
export { encodeWav, type PcmAudio, parseSpeechWav, parseWav, readSpeechWav } from "./wav.ts";
