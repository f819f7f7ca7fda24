import type { NodeActual } from "@barnacle/protocol/node-config";
import type { Events } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

/** `fleet`, `group:<name>`, `room:<name>` or `node:<device id>`; a later one of this order lies over an earlier one. */
export type FleetScope = string;

export interface ConfigLayer {
  readonly scope: FleetScope;
  /** Grows by one with every change; 0 when nothing was ever set. */
  readonly version: number;
  readonly config: JsonObject;
  readonly changedAtMs?: number;
  readonly changedBy?: string;
}

/** What one node is wanted to be, and what it says it is. */
export interface NodeConfigState {
  readonly deviceId: string;
  readonly displayName: string;
  readonly online: boolean;
  /** The layers that it was made of, lowest first. */
  readonly layers: readonly FleetScope[];
  readonly config: JsonObject;
  /** Null: nothing is wanted beside the node's own file. */
  readonly wanted: string | null;
  /** Undefined: the node never said. */
  readonly actual?: NodeActual;
  readonly actualAtMs?: number;
  readonly inSync: boolean;
}

export interface NodeGroup {
  readonly name: string;
  readonly deviceIds: readonly string[];
}

/** The configuration that nodes are wanted to have. */
export interface FleetConfig {
  readonly events: Events<{ changed: { readonly deviceId: string } }>;
  layers(): readonly ConfigLayer[];
  layer(scope: FleetScope): ConfigLayer;
  history(scope: FleetScope): readonly ConfigLayer[];
  /**
   * Merges a patch into a layer (RFC 7396: null takes a member away), or replaces it.
   * @throws INPUT_INVALID, CONFIG_INVALID with `problems`, CONFLICT when `baseVersion` is not the newest
   */
  set(change: {
    readonly scope: FleetScope;
    readonly config: JsonObject;
    readonly replace?: boolean | undefined;
    readonly baseVersion?: number | undefined;
    readonly by: Principal;
  }): Promise<ConfigLayer>;
  /** @throws DEVICE_UNKNOWN */
  state(deviceId: string): NodeConfigState;
  /** Of every node of ours. */
  states(): readonly NodeConfigState[];
  /** Asks a node to try once more what it has refused or given up. */
  retry(deviceId: string): void;
  groups(): readonly NodeGroup[];
  /** Without devices the group is gone. @throws INPUT_INVALID, DEVICE_UNKNOWN */
  setGroup(name: string, deviceIds: readonly string[]): Promise<NodeGroup>;
  /** The nodes of ours that a scope means. @throws INPUT_INVALID */
  members(scope: FleetScope): readonly string[];
}

export interface FleetJobSpec {
  readonly kind: "config" | "restart" | "update";
  readonly target: FleetScope;
  /** config: merged into the layer of the target once all went well. */
  readonly config?: JsonObject | undefined;
  /** update: from where, and its SHA-256; `version` is what the node must say that it runs afterwards. */
  readonly package?:
    | { readonly source: string; readonly sha256: string; readonly version?: string | undefined }
    | undefined;
  /** How many nodes have had it after each stage: `1`, `25%`, `100%`. */
  readonly stages: readonly string[];
  /** More failures than this stop the job. */
  readonly maxFailures: number;
  /** A node must be back, well and in sync within this time. */
  readonly gateS: number;
  /** Nodes that were away all this time are left out. */
  readonly deadlineS: number;
}

export interface FleetJobNode {
  readonly deviceId: string;
  readonly stage: number;
  readonly status: "waiting" | "sent" | "proving" | "done" | "failed" | "reverted" | "skipped";
  readonly detail?: string;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
}

export interface FleetJob {
  readonly jobId: string;
  readonly status: "running" | "done" | "stopped" | "cancelled";
  readonly spec: FleetJobSpec;
  readonly createdBy: string;
  readonly reason?: string;
  readonly createdAtMs: number;
  readonly finishedAtMs?: number;
  readonly nodes: readonly FleetJobNode[];
}

/** Changes of many nodes, stage after stage. */
export interface FleetJobs {
  readonly events: Events<{ changed: { readonly job: FleetJob } }>;
  list(): readonly FleetJob[];
  /** By id or unique beginning. @throws NOT_FOUND */
  get(jobId: string): FleetJob;
  /** @throws INPUT_INVALID, CONFIG_INVALID, CONFLICT when a node of the target is in a running job */
  create(spec: FleetJobSpec, principal: Principal): Promise<FleetJob>;
  /** Nodes that have not had it are left out; a configuration is taken back from those that have. */
  cancel(jobId: string, principal: Principal): Promise<FleetJob>;
}
