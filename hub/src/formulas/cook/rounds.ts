import { single, withTexts } from "./texts.ts";

/** A round of a loop that runs until something holds, made from the first. */
export function roundFrom<T extends { readonly id: string }>(
  first: readonly T[],
  loop: string,
  round: number,
  variable: string,
): T[] {
  const from = `${loop}.iter1.`;
  const to = `${loop}.iter${round}.`;
  return first.map((step) =>
    withTexts(step, (text) => single(text.replaceAll(from, to), { [variable]: String(round) })),
  );
}
