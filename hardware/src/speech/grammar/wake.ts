/** What common wake engines listen for, when a caller names no phrases. */
export const DEFAULT_WAKE_PHRASES: readonly string[] = [
  "hey jarvis",
  "jarvis",
  "alexa",
  "hey mycroft",
  "hey rhasspy",
  "computer",
];

/** Text without a wake phrase, or the last words of one, at its beginning. */
export function stripWake(text: string, phrases: readonly string[]): string {
  const words = text.split(" ").filter(Boolean);
  let drop = 0;
  for (const phrase of phrases) {
    const wake = phrase.toLowerCase().split(/\s+/);
    for (let from = 0; from < wake.length; from++) {
      const tail = wake.slice(from);
      if (tail.length > drop && tail.every((word, i) => words[i] === word)) drop = tail.length;
    }
  }
  return words.slice(drop).join(" ");
}
