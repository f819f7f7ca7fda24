import { type BeadRecord, instantText } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { changesTo } from "./changes.ts";
import { type BeadWriter, raw } from "./writer.ts";

/** Claims of one bead that may come to nothing before it is set aside. */
const MAX_ATTEMPTS = 3;

export interface ClaimOptions {
  /** The claim ends by itself when no heartbeat comes for this long; without it, it lasts. */
  readonly leaseMs?: number | undefined;
}

/** Who works on what. One writer makes each claim in one transaction: the first wins, the others are told who did. */
export class Claims {
  readonly #writer: BeadWriter;

  constructor(writer: BeadWriter) {
    this.#writer = writer;
  }

  /**
   * For who writes. Claiming again what one has is no error, and a heartbeat.
   * @throws BEAD_NOT_CLAIMABLE saying who has it, or in which state it is
   */
  claim(id: string, { leaseMs }: ClaimOptions = {}): BeadRecord {
    const { who, now, sql } = this.#writer;
    const { bead, line } = this.#writer.need(id);
    const { status, assignee } = bead;
    if (assignee && assignee !== who && (status === "open" || status === "in_progress" || status === "hooked")) {
      throw refused(`${id} is already claimed by ${assignee}`, bead);
    }
    if (status === "in_progress" && assignee === who) {
      if (leaseMs !== undefined) this.#lease(id, leaseMs);
      return bead;
    }
    // What hangs on an agent's hook is that agent's to start.
    if (status !== "open" && !(status === "hooked" && assignee === who)) {
      throw refused(`${id} is not claimable: status ${status}`, bead);
    }
    const members = new Map([
      ["status", raw("in_progress")],
      ["assignee", raw(who)],
      ...(bead.started_at ? [] : ([["started_at", raw(instantText(now))]] as const)),
    ]);
    const claimed = this.#writer.change(id, "claimed", changesTo(line, members));
    if (leaseMs === undefined) sql.run("UPDATE beads SET lease_until = NULL, heartbeat_at = ? WHERE id = ?", now, id);
    else this.#lease(id, leaseMs);
    return claimed;
  }

  /** Gives it back without counting an attempt. @throws BEAD_NOT_CLAIMABLE when somebody else has it */
  release(id: string): BeadRecord {
    const { line, bead } = this.#mine(id);
    if (!isHeld(bead)) return bead;
    this.drop(id);
    return this.#writer.change(id, "released", changesTo(line, FREE));
  }

  /** Says that work goes on. @throws BEAD_NOT_CLAIMABLE when it is not the writer's any more */
  heartbeat(id: string, leaseMs?: number): void {
    const { bead } = this.#mine(id);
    if (bead.status !== "in_progress") throw refused(`${id} is not in progress: status ${bead.status}`, bead);
    const { sql, now } = this.#writer;
    if (leaseMs === undefined) sql.run("UPDATE beads SET heartbeat_at = ? WHERE id = ?", now, id);
    else this.#lease(id, leaseMs);
  }

  /**
   * The claim came to nothing: the bead is open again, or set aside as `blocked` after its last attempt, which is the
   * `most`th where the bead does not say so itself.
   * @returns whether it may be tried again
   * A closed one is open again, too: what was done turned out not to hold.
   * @throws BEAD_NOT_CLAIMABLE when it is deleted
   */
  fail(id: string, reason: string, most = MAX_ATTEMPTS): boolean {
    const { line, bead } = this.#writer.need(id);
    if (bead.status === "tombstone") throw refused(`${id} is deleted`, bead);
    const attempts = (bead.attempts ?? 0) + 1;
    const again = attempts < (bead.max_attempts || most);
    this.drop(id);
    const members = new Map([...FREE, ["attempts", raw(attempts)] as const]);
    for (const name of ["closed_at", "close_reason"]) members.set(name, null);
    if (!again) members.set("status", raw("blocked"));
    const note = `attempt ${attempts} by ${bead.assignee ?? "nobody"}: ${reason}`;
    members.set("notes", raw(bead.notes ? `${bead.notes}\n${note}` : note));
    this.#writer.change(id, "attempt_failed", changesTo(line, members));
    return again;
  }

  /** Ends the claims whose lease has run out. @returns their beads */
  expire(): string[] {
    const { sql, now } = this.#writer;
    const ids = sql
      .all("SELECT id FROM beads WHERE lease_until <= ? ORDER BY lease_until", now)
      .map((row) => String(row.id));
    for (const id of ids) {
      // What was changed past the claim, by an import or a status given by hand, has no attempt to lose.
      if (isHeld(this.#writer.need(id).bead)) this.fail(id, "no heartbeat");
      else this.drop(id);
    }
    return ids;
  }

  drop(id: string): void {
    this.#writer.sql.run("UPDATE beads SET lease_until = NULL, heartbeat_at = NULL WHERE id = ?", id);
  }

  #mine(id: string) {
    const stored = this.#writer.need(id);
    const { assignee } = stored.bead;
    if (!assignee || assignee === this.#writer.who) return stored;
    throw refused(`${id} is claimed by ${assignee}, not by ${this.#writer.who}`, stored.bead);
  }

  #lease(id: string, leaseMs: number): void {
    const { sql, now } = this.#writer;
    sql.run("UPDATE beads SET lease_until = ?, heartbeat_at = ? WHERE id = ?", now + leaseMs, now, id);
  }
}

function isHeld({ status }: BeadRecord): boolean {
  return status === "in_progress" || status === "hooked";
}

const FREE: ReadonlyMap<string, string | null> = new Map([
  ["status", raw("open")],
  ["assignee", null],
]);

function refused(text: string, { id, status, assignee }: BeadRecord): BarnacleError {
  return new BarnacleError("BEAD_NOT_CLAIMABLE", text, { details: { id, status, assignee: assignee ?? null } });
}
