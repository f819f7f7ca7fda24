export { Controls, type ControlsParts } from "./controls.ts";
export { lightOf } from "./light.ts";
