import { type BeadRecord, instantText, OUT_OF_THE_WAY, parseInstant } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { changesTo } from "./changes.ts";
import { type BeadWriter, raw } from "./writer.ts";

export interface CloseOptions {
  readonly reason?: string | undefined;
  readonly force?: boolean | undefined;
  readonly session?: string | undefined;
}

const NANOS_PER_MS = 1_000_000;

/** Closing, what stands against it, and what follows from it in the same transaction. */
export class Closing {
  readonly #writer: BeadWriter;

  constructor(writer: BeadWriter) {
    this.#writer = writer;
  }

  /** Closing what is closed changes nothing. @throws BEAD_REFUSED saying what stands against it, BEAD_UNKNOWN */
  close(id: string, { reason = "Closed", force = false, session }: CloseOptions = {}): BeadRecord {
    const { line, bead } = this.#writer.need(id);
    if (bead.status === "closed") return bead;
    const obstacle = this.#obstacle(bead, force);
    if (obstacle) throw new BarnacleError("BEAD_REFUSED", `${id} is not closed: ${obstacle}`, { details: { id } });
    this.#writer.claims.drop(id);
    const members = new Map([
      ["status", raw("closed")],
      ["closed_at", raw(instantText(this.#writer.now))],
      ["close_reason", raw(reason)],
      ...(session === undefined ? [] : ([["closed_by_session", raw(session)]] as const)),
    ]);
    const closed = this.#writer.change(id, "closed", changesTo(line, members));
    this.#openGates(id);
    this.#closeMolecules(closed);
    return closed;
  }

  /** @throws BEAD_REFUSED when it is not closed */
  reopen(id: string, reason?: string): BeadRecord {
    const { line, bead } = this.#writer.need(id);
    if (bead.status !== "closed") throw new BarnacleError("BEAD_REFUSED", `${id} is not closed: status ${bead.status}`);
    const members = new Map([
      ["status", raw("open")],
      ["closed_at", null],
      ["close_reason", null],
    ] as const);
    const opened = this.#writer.change(id, "reopened", changesTo(line, members));
    return reason ? this.#writer.comment(id, reason) : opened;
  }

  /** Whether a gate's own condition holds now, as far as the store can tell; undefined: somebody else must say. */
  conditionOf({ await_type, await_id, timeout, created_at }: BeadRecord): boolean | undefined {
    if (await_type === "timer") {
      const from = parseInstant(created_at)?.ms ?? 0;
      return this.#writer.now >= from + (timeout ?? 0) / NANOS_PER_MS;
    }
    if (await_type !== "bead" || !await_id) return undefined;
    const target = this.#writer.table.get(await_id.slice(await_id.indexOf(":") + 1));
    return target !== undefined && ["closed", "tombstone"].includes(target.bead.status);
  }

  #obstacle(bead: BeadRecord, force: boolean): string | undefined {
    if (bead.is_template) return "it is a template";
    if (bead.status === "tombstone") return "it is deleted";
    if (force) return undefined;
    if (bead.pinned || bead.status === "pinned") return "it is pinned (--force closes it)";
    if (bead.issue_type === "epic") {
      const open = this.#openChildren(bead.id);
      if (open > 0) return `${open} of its children are open (--force closes it)`;
    }
    if (bead.issue_type === "gate" && this.conditionOf(bead) === false) {
      return `what the gate waits for has not come: ${bead.await_type} ${bead.await_id ?? ""}`.trimEnd();
    }
    const blockers = this.#writer.sql
      .all("SELECT target FROM bead_edges WHERE issue_id = ? AND blocking = 1", bead.id)
      .map((row) => row.target);
    return blockers.length === 0 ? undefined : `it waits for ${blockers.join(", ")} (--force closes it)`;
  }

  #openChildren(id: string): number {
    const done = OUT_OF_THE_WAY.map((status) => `'${status}'`).join(", ");
    const row = this.#writer.sql.one(
      `SELECT count(*) AS open FROM bead_edges JOIN beads ON beads.id = issue_id
       WHERE target = ? AND kind = 'parent-child' AND status NOT IN (${done})`,
      id,
    );
    return Number(row?.open);
  }

  /** Gates that waited for this bead. */
  #openGates(id: string): void {
    for (const row of this.#writer.sql.all(
      "SELECT id, line FROM beads INDEXED BY beads_gates WHERE issue_type = 'gate' AND status = 'open'",
    )) {
      const gate: BeadRecord = JSON.parse(String(row.line));
      if (gate.await_type !== "bead" || gate.await_id?.slice(gate.await_id.indexOf(":") + 1) !== id) continue;
      this.close(gate.id, { reason: `${id} is closed` });
    }
  }

  /** The last step closes its molecule; an epic is closed by hand. */
  #closeMolecules({ dependencies = [] }: BeadRecord): void {
    for (const { depends_on_id, type } of dependencies) {
      if (type !== "parent-child") continue;
      const parent = this.#writer.table.get(depends_on_id)?.bead;
      if (parent?.issue_type !== "molecule" || parent.status === "closed" || parent.status === "tombstone") continue;
      if (this.#openChildren(parent.id) === 0) this.close(parent.id, { reason: "All steps closed", force: true });
    }
  }
}
