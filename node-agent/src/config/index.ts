export { type GpioLine, NodeFileConfig, UplinkConfig } from "@barnacle/protocol/node-config";
export { appliancesOf } from "./appliances.ts";
export { type NodeConfiguration, resolveConfig } from "./resolve.ts";
export { readSetupFile, type SetupFile, spendSetupFile } from "./setup-file.ts";
export { chooseStateDir, makeStateDir } from "./state-dir.ts";
