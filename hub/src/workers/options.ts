import type { WorkConfig } from "../config/work.ts";
import type { TownBase } from "../town/part.ts";
import type { EstopPort, RigPort, WorkPort, WorktreePort } from "./ports.ts";

export interface WorkersOptions extends TownBase {
  readonly config: () => WorkConfig;
  /** Of the hub; workers get an allow-list of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly work: () => WorkPort;
  readonly rigs?: Pick<RigPort, "find"> | undefined;
  readonly worktrees?: WorktreePort | undefined;
  readonly estop?: EstopPort | undefined;
}

/** What happened to a worker, as `kind` of the town's `changed`. */
export type WorkerEvent =
  | "registered"
  | "removed"
  | "started"
  | "heartbeat"
  | "progress"
  | "done"
  | "exited"
  | "stuck"
  | "state";
