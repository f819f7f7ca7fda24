import { BarnacleError } from "@barnacle/protocol/errors";

/** About a minute and a half of speech; a longer text is cut after a whole word. */
export const MAX_TEXT_LENGTH = 1000;

/**
 * Makes any text safe to be spoken: control characters and line ends become spaces, `[[` loses its meaning (eSpeak
 * reads phoneme names after it), a long text is cut.
 *
 * @throws INPUT_INVALID when nothing is left to say
 */
export function speakable(text: string): string {
  const plain = text
    .normalize("NFC")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, " ")
    .replace(/\[\[|\]\]/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  if (!/[\p{L}\p{N}]/u.test(plain)) {
    throw new BarnacleError("INPUT_INVALID", "there is nothing to say: the text has neither letters nor digits");
  }
  if (plain.length <= MAX_TEXT_LENGTH) return plain;
  const cut = plain.slice(0, MAX_TEXT_LENGTH);
  const space = cut.lastIndexOf(" ");
  // A single word of that length has no place to cut; half a surrogate pair is never left behind.
  return (space > 0 ? cut.slice(0, space) : cut.replace(/[\ud800-\udbff]$/, "")).trimEnd();
}
