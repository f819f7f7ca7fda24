import type { Events, Unit } from "@barnacle/protocol/runtime";
import type { Beads, BeadsChanged } from "../beads/index.ts";

/** Work items. `events` can be listened to at any time; `open` loads the rest. */
export interface BeadsService extends Unit {
  readonly events: Events<{ changed: BeadsChanged }>;
  open(): Promise<Beads>;
}

export type { BeadRecord } from "@barnacle/protocol/beads";
