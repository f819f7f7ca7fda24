import { type BeadRecord, topLevelPrefix } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import type { HookRigs } from "./ports.ts";

/** Beads that are records of something, not work. */
const NO_WORK = new Set([
  "message",
  "gate",
  "convoy",
  "agent",
  "role",
  "rig",
  "merge-request",
  "event",
  "slot",
  "queue",
]);

/** Whether this bead is work that somebody may begin now. @throws SLING_REFUSED saying why not */
export function checkSlingable(writer: BeadWriter, bead: BeadRecord, force: boolean): void {
  const { id, status = "open", issue_type } = bead;
  const refuse = (why: string) => new BarnacleError("SLING_REFUSED", `${id} is not slung: ${why}`, { details: { id } });
  if (status === "closed" || status === "tombstone") throw refuse(`it is ${status}`);
  if (NO_WORK.has(String(issue_type))) throw refuse(`a ${issue_type} is no work`);
  if (bead.is_template) throw refuse("it is a template");
  if (force) return;
  const row = writer.sql.one("SELECT blocked, held_until FROM beads WHERE id = ?", id);
  const until = Number(row?.held_until ?? 0);
  if (status === "deferred") throw refuse("it is deferred (--force slings it)");
  if (until > writer.now) {
    throw refuse(`it is deferred until ${new Date(until).toISOString()} (--force slings it)`);
  }
  if (status === "blocked") throw refuse("it is set aside as blocked (--force slings it)");
  if (status === "pinned" || bead.pinned) throw refuse("it is pinned (--force slings it)");
  if (row?.blocked !== 1) return;
  const blockers = writer.sql
    .all("SELECT target FROM bead_edges WHERE issue_id = ? AND blocking = 1 ORDER BY target LIMIT 5", id)
    .map(({ target }) => target);
  throw refuse(`it waits for ${blockers.join(", ") || "what its parent waits for"} (--force slings it)`);
}

/** A bead's prefix says to which rig it belongs; a worker of another would change the wrong project. @throws SLING_REFUSED */
export function checkRig(bead: string, rig: string, rigs: HookRigs | undefined, force: boolean): void {
  const found = rigs?.find(rig);
  if (!rigs || !found) return;
  if (found.state !== "active") {
    throw new BarnacleError("SLING_REFUSED", `${bead} is not slung: the rig ${rig} is ${found.state}`, {
      hint: `Take it into use again: barnacle rig ${found.state === "parked" ? "unpark" : "undock"} ${rig}`,
    });
  }
  const prefix = prefixOf(bead);
  if (force || prefix === found.prefix) return;
  const owner = prefix === undefined ? undefined : rigs.byPrefix(prefix)?.name;
  const belongs = owner === undefined ? `its prefix is ${prefix}` : `it belongs to ${owner}`;
  throw new BarnacleError(
    "SLING_REFUSED",
    `${bead} is not slung: ${belongs}, and beads of ${rig} begin with ${found.prefix}- (--force slings it)`,
  );
}

/** `gt-a3f8.1` → `gt` */
function prefixOf(id: string): string | undefined {
  return topLevelPrefix(id.split(".")[0] ?? id);
}
