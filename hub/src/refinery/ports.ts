import type { BeadWriter } from "../beads/index.ts";
import type { GitRunner } from "./git.ts";

/** A project under management, as far as merging has to do with it. */
export interface RefineryRig {
  readonly name: string;
  /** Of its beads' ids. */
  readonly prefix: string;
  /** The bare mirror. */
  readonly repo: string;
  /** All of the rig; the refinery's worktree lies in it. */
  readonly directory: string;
  readonly defaultBranch: string;
  readonly state: "active" | "parked" | "docked";
  /** As it was set; see `mergeSettings`. */
  readonly mergeQueue?: unknown;
  /** `never`: what is merged stays in the mirror. */
  readonly push?: "auto" | "never";
}

export interface RefineryRigs {
  find(name: string): RefineryRig | undefined;
  git(name: string): GitRunner;
  /** What changes one mirror runs one after another. */
  turn<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Moves a branch of the mirror forward, also where it is checked out. @throws CONFLICT, GIT_FAILED */
  advance(name: string, branch: string, to: string, from: string): Promise<void>;
}

export interface RefineryMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly type: "notification" | "task";
  readonly priority?: "high" | "normal";
  /** The same key again makes no second mail. */
  readonly key: string;
}

/** What the refinery needs of the rest of the town. */
export interface RefineryPorts {
  readonly rigs: RefineryRigs;
  /** Puts mail into the store, in the transaction of what it tells of. */
  readonly post?: ((writer: BeadWriter, mail: RefineryMail) => unknown) | undefined;
  /** Whether this bead is what the worker has on its hook now. */
  readonly holds?: ((worker: string, bead: string) => boolean) | undefined;
  readonly estop?: { state(): { readonly stopped: boolean } } | undefined;
  /** Somebody has to look: the key is the cause. */
  readonly raise?: ((who: string, trouble: Trouble) => Promise<unknown>) | undefined;
}

export interface Trouble {
  readonly severity: "medium" | "high";
  readonly subject: string;
  readonly reason: string;
  readonly source: string;
  readonly key: string;
}
