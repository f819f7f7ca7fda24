import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { CommandCall } from "./commands.ts";

/** Load and room of a node's machine, bytes; as the node last said. */
export interface HostStats {
  readonly cpuCount: number;
  readonly loadAverage?: readonly number[];
  readonly memoryTotalBytes: number;
  readonly memoryFreeBytes: number;
  readonly diskTotalBytes?: number;
  readonly diskAvailableBytes?: number;
  readonly updatedAtMs: number;
}

/** When somebody last used the node's machine; null: it no longer says. */
export interface NodeActivity {
  readonly lastActiveAtMs: number | null;
  readonly presenceUpdatedAtMs: number | null;
}

/** A tool for agents that a node offers; one of its commands carries it out. */
export interface NodeTool {
  readonly nodeId: string;
  readonly pluginId: string;
  /** Unique on its node: `[A-Za-z][A-Za-z0-9_-]*`. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly command: string;
  /** A tool of an MCP server on the node; its command gets server and tool beside the arguments. */
  readonly mcp?: { readonly server: string; readonly tool: string };
}

/** A page of instructions for agents that a node offers. */
export interface NodeSkill {
  readonly name: string;
  readonly description: string;
  readonly content: string;
}

export interface NodeFacts {
  readonly hostStats?: HostStats;
  readonly activity?: NodeActivity;
  /** Why it last said that it is alive: `background`, `manual`, … */
  readonly lastSeenReason?: string;
}

/** What connected native nodes tell of themselves beyond their manifest. Forgotten when the node's connection ends. */
export interface NodeOffers {
  readonly events: Events<{
    hostStats: { readonly nodeId: string; readonly hostStats: HostStats };
    activity: { readonly nodeId: string } & NodeActivity;
    inventory: { readonly nodeId: string };
    /** Tools or skills of a node changed. */
    offers: { readonly nodeId: string };
  }>;
  facts(nodeId: string): NodeFacts;
  /** Only what can be called now: its node is connected and its command was approved. */
  tools(): readonly NodeTool[];
  skills(): readonly (NodeSkill & { readonly nodeId: string })[];
  /** How a tool is called: through the one door, like every command. */
  callOf(tool: NodeTool, args: JsonObject): Pick<CommandCall, "deviceId" | "command" | "params">;
}

/** Work that waits for a node to come and fetch it. */
export interface PendingWork {
  readonly id: string;
  readonly type: "status.request" | "location.request";
  readonly priority: "default" | "normal" | "high";
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
}
