/** Sounds that are easily taken for each other. Vowels are one class. */
const CLASSES = ["P B", "T D", "K G", "F V TH DH", "S Z SH ZH CH JH", "M N NG", "L R", "W Y"];
const CLASS_OF = new Map(CLASSES.flatMap((sounds, i) => sounds.split(" ").map((sound) => [sound, i] as const)));
const VOWEL = /^[AEIOU]/;
/** Cost of a sound too many or too few, and of one for another of its class; any other exchange costs 1. */
const GAP = 0.8;
const SIMILAR = 0.5;

/** How differently two sequences of phones sound: the cheapest way of turning one into the other. */
export function soundDistance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i * GAP);
  for (const sound of a) {
    const next = [(row[0] ?? 0) + GAP];
    for (const [i, other] of b.entries()) {
      const cheapest = Math.min((row[i + 1] ?? 0) + GAP, (next[i] ?? 0) + GAP, (row[i] ?? 0) + exchange(sound, other));
      next.push(cheapest);
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

function exchange(a: string, b: string): number {
  if (a === b) return 0;
  if (VOWEL.test(a) && VOWEL.test(b)) return SIMILAR;
  const group = CLASS_OF.get(a);
  return group !== undefined && group === CLASS_OF.get(b) ? SIMILAR : 1;
}
