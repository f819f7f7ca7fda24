export { loadConfig, parseConfig } from "./load.ts";
export { contentOf, rewriteYaml } from "./rewrite.ts";
