export { CommandDoor, type CommandDoorOptions } from "./door.ts";
