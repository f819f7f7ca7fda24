import type { Samples } from "./format.ts";

/** What silence is called, in dBFS: below the quietest 16-bit signal. */
export const SILENCE_DBFS = -100;

const FULL_SCALE = 32_768;

/** Loudness (root mean square) in dBFS: 0 is a full-scale square wave, -3 a full-scale sine; at least SILENCE_DBFS. */
export function levelDbfs(samples: Samples): number {
  if (samples.length === 0) return SILENCE_DBFS;
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  if (sum === 0) return SILENCE_DBFS;
  const rms = Math.sqrt(sum / samples.length) / FULL_SCALE;
  return Math.max(SILENCE_DBFS, 20 * Math.log10(rms));
}
