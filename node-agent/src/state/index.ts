export { isWeather, openDatabase } from "./database.ts";
export { StateKeeper } from "./keeper.ts";
export { lockStateDir } from "./lock.ts";
export { type NodeState, openState } from "./open.ts";
export { probeStateDir } from "./probe.ts";
export { Settings } from "./settings.ts";
export { type NodeDatabase, NodeStore } from "./store.ts";
