export { CapabilityRouter, type CapabilityRouterOptions } from "./router.ts";
