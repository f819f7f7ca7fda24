export { Pins, type PinsParts } from "./pins.ts";
export { PinStates } from "./states.ts";
