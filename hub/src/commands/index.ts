export { CommandDoor, type CommandDoorOptions } from "./door.ts";
export { JournalLedger } from "./ledger.ts";
