export { Dispatcher, type DispatcherOptions } from "./dispatch.ts";
export { CapabilityRouter, type CapabilityRouterOptions } from "./router.ts";
