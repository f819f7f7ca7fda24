import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import { type CloseReason, checkMove, type MergeFields, type RequestState } from "./request.ts";

export interface Move {
  readonly to: RequestState;
  readonly fields?: { readonly [K in keyof MergeFields]?: MergeFields[K] | undefined };
  /** Of a claim. */
  readonly run?: number;
  readonly text?: string;
}

/** Moves a request, its bead and its row together. @throws NOT_FOUND, CONFLICT when there is no such move */
export function moveRequest(writer: BeadWriter, id: string, move: Move): BeadRecord {
  const { to, fields = {}, run, text } = move;
  const row = writer.sql.one("SELECT state FROM merge_requests WHERE id = ?", id);
  if (!row) throw new BarnacleError("NOT_FOUND", `no merge request has the id ${id.slice(0, 80)}`, { details: { id } });
  checkMove(id, row.state as RequestState, to);
  const { bead } = writer.need(id);
  const merged = { ...(bead.metadata as MergeFields), ...fields };
  const metadata = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
  writer.sql.run(
    "UPDATE merge_requests SET state = ?, rework = ?, claimed_at = ?, run = ? WHERE id = ?",
    ...[to, metadata.rework === undefined ? 0 : 1, to === "in_progress" ? writer.now : null, run ?? null, id],
  );
  if (text !== undefined) writer.comment(id, text);
  if (to !== "closed") {
    const assignee = to === "in_progress" ? writer.who : null;
    return writer.update(id, { status: to, assignee, metadata });
  }
  writer.update(id, { metadata });
  return writer.closing.close(id, { reason: (fields.close_reason as CloseReason) ?? "rejected", force: true });
}

/** Changes what stands in a request, not where it stands. */
export function noteRequest(writer: BeadWriter, id: string, fields: Move["fields"], text?: string): void {
  const merged = { ...(writer.need(id).bead.metadata as MergeFields), ...fields };
  const metadata = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
  writer.sql.run("UPDATE merge_requests SET rework = ? WHERE id = ?", metadata.rework === undefined ? 0 : 1, id);
  writer.update(id, { metadata });
  if (text !== undefined) writer.comment(id, text);
}

/** Closes a bead that may be closed, or gone, already. */
export function closeIfOpen(writer: BeadWriter, id: string | undefined, reason: string): void {
  const bead = id === undefined ? undefined : writer.table.get(id)?.bead;
  if (!bead || bead.status === "closed" || bead.status === "tombstone" || bead.is_template) return;
  writer.closing.close(bead.id, { reason, force: true });
}

/** Closes what another request makes needless, and the task of its conflict. */
export function supersede(writer: BeadWriter, id: string, by: string): void {
  const { conflict_task_id } = writer.need(id).bead.metadata as MergeFields;
  moveRequest(writer, id, { to: "closed", fields: { close_reason: "superseded" }, text: `superseded by ${by}` });
  closeIfOpen(writer, conflict_task_id, `superseded by ${by}`);
}
