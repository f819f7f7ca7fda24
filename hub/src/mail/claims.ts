import { type BeadRecord, instantText } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import { matchesAddress } from "./address.ts";
import { type MailQueue, queues } from "./places.ts";
import { labelOf } from "./post.ts";
import { beadOf } from "./reads.ts";

const WAITING = `SELECT b.line FROM bead_labels l JOIN beads b ON b.id = l.id
  WHERE l.label = ? AND b.issue_type = 'message' AND b.status = 'open' AND b.assignee IS NULL
  ORDER BY b.priority, b.created_at, b.created_sub, b.seq LIMIT 1`;

/**
 * One message of a queue for `who`, within the transaction of `writer`: nobody else can have it after that.
 * @returns undefined when nothing waits there
 * @throws BEAD_NOT_CLAIMABLE, FORBIDDEN
 */
export function claim(writer: BeadWriter, what: BeadRecord | MailQueue, who: string): BeadRecord | undefined {
  const { sql } = writer;
  const message = "id" in what ? what : undefined;
  const name = message ? labelOf(message, "queue") : (what as MailQueue).name;
  if (name === undefined) {
    throw new BarnacleError("BEAD_NOT_CLAIMABLE", `${message?.id} is in no queue; it was sent to somebody`);
  }
  const queue = queues(sql).find((one) => one.name === name);
  const holder = message && labelOf(message, "claimed-by");
  if (holder === who) return message;
  if (message && (holder !== undefined || message.status !== "open")) {
    const text = holder === undefined ? `${message.id} is done` : `${message.id} is already claimed by ${holder}`;
    throw new BarnacleError("BEAD_NOT_CLAIMABLE", text, { details: { id: message.id, assignee: holder ?? null } });
  }
  if (queue) checkMay(writer, queue, who);
  const found = message ?? rowBead(sql.one(WAITING, `queue:${name}`));
  if (!found) return undefined;
  const labels = [...(found.labels ?? []), `claimed-by:${who}`, `claimed-at:${instantText(writer.now)}`];
  return writer.update(found.id, { assignee: who, labels });
}

export function release(writer: BeadWriter, message: BeadRecord, who: string): BeadRecord {
  const holder = labelOf(message, "claimed-by");
  if (holder === undefined) return message;
  if (holder !== who) {
    throw new BarnacleError("BEAD_NOT_CLAIMABLE", `${message.id} is claimed by ${holder}, not by ${who}`);
  }
  if (message.status !== "open") throw new BarnacleError("BEAD_NOT_CLAIMABLE", `${message.id} is done`);
  const kept = (message.labels ?? []).filter((label) => !/^(claimed-(by|at)|delivery):|^read$/.test(label));
  return writer.update(message.id, { assignee: null, labels: [...kept, "delivery:pending"] });
}

function checkMay({ sql }: BeadWriter, { name, workers, max_claims, paused }: MailQueue, who: string): void {
  if (paused) throw new BarnacleError("BEAD_NOT_CLAIMABLE", `the queue ${name} is paused`);
  if (workers.length > 0 && !workers.some((pattern) => matchesAddress(pattern, who))) {
    throw new BarnacleError("FORBIDDEN", `the queue ${name} is for ${workers.join(", ")}, not for ${who}`);
  }
  if (max_claims === 0) return;
  const row = sql.one(
    `SELECT count(*) AS n FROM bead_labels l JOIN beads b ON b.id = l.id
     WHERE l.label = ? AND b.assignee = ? AND b.status = 'open'
       AND NOT EXISTS (SELECT 1 FROM bead_labels d WHERE d.id = b.id AND d.label = 'delivery:acked')`,
    ...[`queue:${name}`, who],
  );
  if (Number(row?.n) < max_claims) return;
  const text = `${who} has claimed ${row?.n} of ${name} already; ${max_claims} at a time`;
  throw new BarnacleError("BEAD_NOT_CLAIMABLE", text, { hint: "Acknowledge them first: barnacle mail mark-read" });
}

function rowBead(row: Parameters<typeof beadOf>[0] | undefined): BeadRecord | undefined {
  return row && beadOf(row);
}
