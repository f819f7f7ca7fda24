export { type HomeLanguage, makeLanguage } from "./language.ts";
export type { IntentMatch } from "./matcher.ts";
export { numberWords } from "./numbers.ts";
export { type HomeNames, plural, type SlotValue } from "./vocabulary.ts";
export { speakable } from "./words.ts";
