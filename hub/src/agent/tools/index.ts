export { HomeTools, type HomeToolsOptions } from "./home.ts";
export { NodeTools } from "./nodes.ts";
export { type Tool, Toolbox, type ToolSource, type ToolUse, tool } from "./tool.ts";
