import { createHash } from "node:crypto";
import type { GrammarConfig } from "@barnacle/protocol/mqtt";

/** A grammar of whole sentences, for recognisers that cannot take dictation. */
export function grammarOf(sentences: readonly string[]): GrammarConfig | undefined {
  const plain = [...new Set(sentences.map(words))].filter((sentence) => sentence !== "");
  if (plain.length === 0) return undefined;
  const jsgf = `#JSGF V1.0; grammar uplink; public <sentence> = ${plain.join(" | ")};`;
  return { hash: createHash("sha256").update(jsgf).digest("hex"), jsgf, pronunciations: {} };
}

/** Anything at all, word by word. */
export const OPEN_GRAMMAR: GrammarConfig = {
  ...{ hash: "open-dictation", jsgf: "#JSGF V1.0; grammar open; public <sentence> = open;", pronunciations: {} },
  open: true,
};

function words(sentence: string): string {
  return sentence
    .toLowerCase()
    .replace(/[^\p{L}\p{N}'\s]/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
}
