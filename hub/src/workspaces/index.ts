/** Directories that hold rigs. */
export { findWorkspace, listWorkspaces, type Workspace, workspaceAt } from "./table.ts";
export { type NewWorkspace, type WhichWorkspace, Workspaces } from "./workspaces.ts";
