import type { Events, Unit } from "@barnacle/protocol/runtime";
import type { Town } from "../town/index.ts";
import type { TownEvents } from "../town/part.ts";

/** Who does the work items, in which order, and where. `events` can be listened to at any time; `open` loads the rest. */
export interface TownService extends Unit {
  readonly events: Events<TownEvents>;
  open(): Promise<Town>;
}
