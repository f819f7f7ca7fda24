export { defaultConfigFile, YamlConfigFile } from "./file.ts";
export { lookup, uiHints } from "./hints.ts";
export { HubConfig, PolicyRule } from "./schema.ts";
export { PLACEHOLDER, redact, secretsIn } from "./secrets.ts";
export { shown } from "./view.ts";
export { writeWhole } from "./write.ts";
