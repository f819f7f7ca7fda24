import type { Beads, BeadWriter } from "../beads/index.ts";
import type { MailChannel } from "./places.ts";

/** Archived messages that are not permanent are forgotten after this time. */
const KEEP_MS = 7 * 86_400_000;
const AT_ONCE = 500;

/** A channel keeps its newest messages, by count or for a time; pinned and permanent ones stay. */
export function keepChannel(writer: BeadWriter, { name, keep_count, keep_ms }: MailChannel): void {
  const rows = writer.sql.all(
    `SELECT id, created_at FROM (
       SELECT b.id, b.created_at, b.ephemeral, row_number() OVER (ORDER BY b.created_at DESC, b.created_sub DESC, b.seq DESC) AS place
       FROM bead_labels l JOIN beads b ON b.id = l.id WHERE l.label = ? AND b.status <> 'tombstone')
     WHERE ephemeral = 1 AND ((? > 0 AND place > ?) OR (? > 0 AND created_at < ?)) LIMIT ?`,
    ...[`channel:${name}`, keep_count, keep_count, keep_ms, writer.now - keep_ms, AT_ONCE],
  );
  for (const row of rows) purge(writer, String(row.id));
}

/** Forgets what was archived long ago. @returns how many */
export async function forgetOld(beads: Beads, now: number): Promise<number> {
  return beads.write("mail", (writer) => {
    const rows = writer.sql.all(
      `SELECT id FROM beads WHERE status = 'closed' AND issue_type = 'message' AND ephemeral = 1 AND closed_at < ? LIMIT ?`,
      ...[now - KEEP_MS, AT_ONCE],
    );
    for (const row of rows) purge(writer, String(row.id));
    for (const { name, ...rest } of channelsToSweep(writer)) keepChannel(writer, { name, ...rest });
    return rows.length;
  });
}

function channelsToSweep({ sql }: BeadWriter): MailChannel[] {
  return sql.all("SELECT name, keep_count, keep_ms FROM mail_channels WHERE keep_ms > 0").map((row) => ({
    ...{ name: String(row.name), keep_count: Number(row.keep_count), keep_ms: Number(row.keep_ms) },
    ...{ subscribers: [], closed: false },
  }));
}

function purge(writer: BeadWriter, id: string): void {
  writer.purge(id);
  writer.sql.run("DELETE FROM mail_seen WHERE message = ?", id);
  writer.sql.run("DELETE FROM mail_overseer WHERE message = ?", id);
}
