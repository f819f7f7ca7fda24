import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../writer.ts";

/** Beads whose state says more than that something is done: a part of its own changes it, and tells who has to know. */
const COMMANDS: ReadonlyMap<string, string> = new Map([["convoy", "barnacle convoy launch, land, close, reopen"]]);

/** @throws BEAD_REFUSED when the state of this bead is changed by another command */
export function refuseOwned(writer: BeadWriter, id: string): void {
  const type = writer.find(id)?.issue_type;
  const command = type === undefined ? undefined : COMMANDS.get(type);
  if (command === undefined) return;
  throw new BarnacleError("BEAD_REFUSED", `${id} is a ${type}: its state is not changed as a bead's`, {
    hint: `Use ${command}.`,
    details: { id },
  });
}
