export { HUB } from "./book.ts";
export { DeviceRegistry, type DeviceRegistryOptions } from "./registry.ts";
