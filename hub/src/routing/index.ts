export { unfit } from "./fitness.ts";
export { rate } from "./rating.ts";
export { CapabilityRouter } from "./router.ts";
