export * from "./capability.ts";
export * from "./command.ts";
export * from "./common.ts";
export * from "./inventory.ts";
export { type PinLine, pinAnswer, pinKey, pinLines, pinName, pinParams } from "./pins.ts";
export * from "./telemetry.ts";
export { type Problem, type Validator, validator } from "./validator.ts";
export * from "./voice.ts";
