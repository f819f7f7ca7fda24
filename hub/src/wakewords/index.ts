export { StoredWakeWords } from "./wake-words.ts";
