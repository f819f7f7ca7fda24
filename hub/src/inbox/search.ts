/**
 * A full-text query that means what people type: every word must occur, the last one may be unfinished. Each word is
 * quoted, so nothing in it is an operator. Undefined when there is no word at all.
 */
export function matchExpression(text: string): string | undefined {
  const words = text.match(/[\p{L}\p{N}]+/gu);
  if (!words) return undefined;
  return words.map((word, i) => (i === words.length - 1 ? `"${word}"*` : `"${word}"`)).join(" ");
}
