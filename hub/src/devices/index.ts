export { HUB } from "./book.ts";
export { isPowerful } from "./powerful.ts";
export { DeviceRegistry, type DeviceRegistryOptions } from "./registry.ts";
