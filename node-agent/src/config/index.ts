export { appliancesOf } from "./appliances.ts";
export { type NodeConfiguration, resolveConfig } from "./resolve.ts";
export { NodeFileConfig, UplinkConfig } from "./schema.ts";
export { chooseStateDir, makeStateDir } from "./state-dir.ts";
