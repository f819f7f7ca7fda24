export { RUN, withoutClaims } from "./claims.ts";
export { CommandDoor, type CommandDoorOptions } from "./door.ts";
export { JournalLedger } from "./ledger.ts";
