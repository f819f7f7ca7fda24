export { type SessionBookOptions, StoredSessions } from "./book.ts";
export { MAIN, type SessionKey, sessionKey } from "./key.ts";
export { SETTING_NAMES, THINKING_LEVELS } from "./settings.ts";
export { previewOf, shortened, textOf } from "./text.ts";
export type { SessionWriter } from "./writer.ts";
