export { openDatabase } from "./database.ts";
export { lockStateDir } from "./lock.ts";
export { Settings } from "./settings.ts";
