export type { EventAnswer, EventSource } from "./kinds/kind.ts";
export { NativeNodes, type NativeNodesOptions } from "./native.ts";
