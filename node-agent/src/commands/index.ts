export { type Command, type CommandCall, command } from "./command.ts";
export { type DeviceParts, deviceCommands } from "./device.ts";
export { Executor, type ExecutorParts } from "./executor.ts";
export { gpioCommands } from "./gpio.ts";
export { Journal, type JournalEntry } from "./journal.ts";
export { type SoundParts, soundCommands } from "./sound.ts";
export { type TalkParts, talkCommands } from "./talk.ts";
export { type UpkeepParts, upkeepCommands } from "./upkeep.ts";
