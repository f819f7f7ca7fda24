import { encodeWav, parseWav } from "../audio/wav.ts";
import type { Sound } from "./port.ts";

/**
 * A sound from a synthesiser's WAVE output. The header is written anew: programs that stream leave an invented length
 * in it, which strict players refuse.
 *
 * @throws AUDIO_FORMAT
 */
export function soundFromWav(wav: Buffer, name: string): Sound {
  const audio = parseWav(wav, name);
  return {
    wav: encodeWav(audio.samples, audio.sampleRate, audio.channels),
    sampleRate: audio.sampleRate,
    channels: audio.channels,
    durationMs: audio.durationMs,
  };
}
