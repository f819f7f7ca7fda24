export { appliancesOf } from "./appliances.ts";
export { type NodeConfiguration, resolveConfig } from "./resolve.ts";
export { type GpioLine, NodeFileConfig, UplinkConfig } from "./schema.ts";
export { readSetupFile, type SetupFile, spendSetupFile } from "./setup-file.ts";
export { chooseStateDir, makeStateDir } from "./state-dir.ts";
