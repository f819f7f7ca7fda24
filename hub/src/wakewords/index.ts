export { StoredWakeRouting } from "./routing.ts";
export { StoredWakeWords } from "./wake-words.ts";
