export { findHardware } from "./find.ts";
export { type FindHardware, isHere, type Maybe, type NodeHardware, reasonOf } from "./node-hardware.ts";
export { wakeOptions } from "./wake-options.ts";
