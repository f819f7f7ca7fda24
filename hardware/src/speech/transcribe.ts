import { SAMPLE_RATE, type Samples } from "../audio/format.ts";
import { LevelMeter } from "./activity.ts";
import type { Recogniser, Recognition } from "./port.ts";

/** As much as a node keeps before and after what it hears. */
const MARGIN = 0.5 * SAMPLE_RATE;
/** The size of a microphone's frames. */
const FRAME = 0.08 * SAMPLE_RATE;

/**
 * Recognises a whole recording as if it were spoken: quiet at both ends is cut to what a node would send, and the rest
 * is fed in frames. It may begin with the wake phrase.
 *
 * @param samples 16 kHz mono
 */
export function transcribeFile(recogniser: Recogniser, samples: Samples): Promise<Recognition> {
  const meter = new LevelMeter();
  meter.add(samples);
  const span = meter.span() ?? { start: 0, end: samples.length };
  const end = Math.min(samples.length, span.end + MARGIN);
  const utterance = recogniser.begin();
  for (let at = Math.max(0, span.start - MARGIN); at < end; at += FRAME) {
    utterance.feed(samples.slice(at, Math.min(end, at + FRAME)));
  }
  return utterance.finish();
}
