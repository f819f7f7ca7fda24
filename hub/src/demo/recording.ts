import path from "node:path";
import { readSpeechWav } from "@barnacle/hardware/speech";

/** "hey jarvis, turn on the kitchen light", by a synthetic voice. */
export const BUNDLED_RECORDING = path.join(import.meta.dirname, "recordings", "kitchen-light.wav");

/** 16 kHz mono samples of `file`, or of the bundled recording. @throws FILE_UNREADABLE, AUDIO_FORMAT */
export function readRecording(file: string | undefined): Promise<Int16Array> {
  return readSpeechWav(file ?? BUNDLED_RECORDING);
}
