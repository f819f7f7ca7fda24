/** The one audio format inside Barnacle: 16 kHz, mono, signed 16-bit. Rates differ only at the speaker. */
export const SAMPLE_RATE = 16_000;

/** A block of samples; its length is the source's own. */
export type Samples = Int16Array;
