export { HomeTools, type HomeToolsOptions } from "./home.ts";
export { type Tool, Toolbox, type ToolSource, type ToolUse, tool } from "./tool.ts";
