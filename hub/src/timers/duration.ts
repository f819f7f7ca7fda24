import { numberWords } from "../intents/index.ts";

/** "one hour and thirty minutes"; whole seconds. */
export function durationWords(ms: number): string {
  const words = partsOf(ms).map(([count, unit]) => `${numberWords(count)} ${unit}${count === 1 ? "" : "s"}`);
  if (words.length === 0) return "no time";
  return words.length === 1 ? (words[0] as string) : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** As in "a ten minute timer". */
export function durationAdjective(ms: number): string {
  return partsOf(ms)
    .map(([count, unit]) => `${numberWords(count)} ${unit}`)
    .join(" ");
}

function partsOf(ms: number): (readonly [number, string])[] {
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "hour"],
    [Math.floor(seconds / 60) % 60, "minute"],
    [seconds % 60, "second"],
  ] as const;
  return parts.filter(([count]) => count > 0);
}
