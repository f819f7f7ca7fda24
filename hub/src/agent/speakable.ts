const MAX = 3_900;

/** Text as it is read aloud: markup gone, links by their names, code and tables left out, cut at the end of a sentence. */
export function speakable(text: string): string {
  const plain = text
    .replace(/```[\s\S]*?(```|$)/g, " ")
    .replace(/`([^`]*)`/g, "$1")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/^\s*\|.*\|\s*$/gm, " ")
    .replace(/^\s{0,3}(#{1,6}|>|[-*+]|\d+\.)\s+/gm, "")
    .replace(/(\*\*|__|~~|\*|_)(?=\S)([^*_~]*?\S)\1/g, "$2")
    .replace(/\bhttps?:\/\/\S+/g, "a link")
    .replace(/\p{Extended_Pictographic}\uFE0F?/gu, "")
    .replace(/\s*\n+\s*/g, " ")
    .replace(/ {2,}/g, " ")
    .trim();
  if (plain.length <= MAX) return plain;
  const cut = plain.slice(0, MAX);
  const end = Math.max(cut.lastIndexOf(". "), cut.lastIndexOf("? "), cut.lastIndexOf("! "));
  return end > MAX / 2 ? cut.slice(0, end + 1) : cut;
}
