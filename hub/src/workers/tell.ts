import { messageOf } from "@barnacle/protocol/errors";
import type { TownBase, TownChange } from "../town/part.ts";

/** Tells the town of changes of one noun; a listener that fails holds nobody up. */
export function teller<Kind extends string>(
  noun: TownChange["noun"],
  { events, clock, log }: Pick<TownBase, "events" | "clock" | "log">,
): (kind: Kind, id: string, data?: Readonly<Record<string, unknown>>) => void {
  return (kind, id, data) => {
    try {
      events.emit("changed", { noun, id, kind, at: clock.now(), ...(data ? { data } : {}) });
    } catch (error) {
      log.error({ noun, id, kind, error: messageOf(error) }, "a change could not be told");
    }
  };
}
