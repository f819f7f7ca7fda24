import type { Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";

export const FEED_SOURCES = ["beads", "convoys", "mail", "escalations", "mergequeue", "workers", "estop"] as const;
export type FeedSource = (typeof FEED_SOURCES)[number];

/** One thing that happened in the town. */
export interface FeedEntry {
  /** RFC 3339. */
  readonly at: string;
  readonly source: FeedSource;
  /** In the source's own words: `created`, `closed`, `claimed`, `died`, `COMPLETED`, `stopped`. */
  readonly kind: string;
  /** A bead's id, a worker's address. */
  readonly id: string;
  readonly who: string;
  readonly text: string;
}

export interface Feed {
  /** The oldest first. */
  readonly entries: readonly FeedEntry[];
  /** Where to go on from. */
  readonly cursor: string;
}

export interface FeedQuery {
  /** The cursor of the answer before; absent: the newest. */
  readonly after?: string | undefined;
  /** Default 50. */
  readonly limit?: number | undefined;
  readonly sources?: readonly string[] | undefined;
  /** Nothing older, ms since 1970. */
  readonly since?: number | undefined;
}

const SHOWN = 50;
const TEXT_LENGTH = 200;

/** What happened to beads, workers and the emergency stop, in one stream, read from what those keep anyway. */
export function feed(sql: Sql, { after, limit = SHOWN, sources, since = 0 }: FeedQuery): Feed {
  const [beads, deaths, ends, stop] = placesOf(after);
  const parts = [
    ...beadRows(sql, beads, limit, after === undefined),
    ...workerRows(sql, deaths, ends, limit, after === undefined),
    ...stopRows(sql, stop),
  ];
  const seen = { beads, deaths, ends, stop };
  for (const { part, place } of parts) seen[part] = Math.max(seen[part], place);
  const entries = parts
    .filter(({ at, entry }) => at >= since && (sources === undefined || sources.includes(entry.source)))
    .sort((a, b) => a.at - b.at || a.place - b.place)
    .map(({ entry }) => entry);
  return {
    entries: after === undefined ? entries.slice(-limit) : entries,
    cursor: [seen.beads, seen.deaths, seen.ends, seen.stop].join("."),
  };
}

interface Placed {
  readonly part: "beads" | "deaths" | "ends" | "stop";
  readonly place: number;
  readonly at: number;
  readonly entry: FeedEntry;
}

function placesOf(cursor: string | undefined): [number, number, number, number] {
  const places = (cursor ?? "").split(".").map(Number);
  const at = (n: number) => (Number.isSafeInteger(places[n]) ? (places[n] as number) : 0);
  return [at(0), at(1), at(2), at(3)];
}

function beadRows(sql: Sql, after: number, limit: number, newest: boolean): Placed[] {
  return sql
    .all(
      `SELECT e.seq, e.id, e.at, e.who, e.kind, e.body, b.issue_type, b.title,
         EXISTS (SELECT 1 FROM escalations x WHERE x.id = e.id) AS escalated
       FROM bead_events e LEFT JOIN beads b ON b.id = e.id WHERE e.seq > ? ORDER BY e.seq ${newest ? "DESC" : "ASC"} LIMIT ?`,
      ...[after, limit],
    )
    .map((row) => {
      const at = Number(row.at);
      const source = row.escalated === 1 ? "escalations" : (SOURCE_OF[String(row.issue_type)] ?? "beads");
      const entry = {
        ...{ at: new Date(at).toISOString(), source, kind: String(row.kind), id: String(row.id) },
        ...{ who: String(row.who), text: textOf(row) },
      };
      return { part: "beads", place: Number(row.seq), at, entry };
    });
}

const SOURCE_OF: Readonly<Record<string, FeedSource>> = {
  ...{ convoy: "convoys", message: "mail", "merge-request": "mergequeue" },
};

/** The title, and what was done to it where that is not said by the kind alone. */
function textOf(row: Row): string {
  const title = row.title === null ? "" : String(row.title);
  const detail = detailOf(String(row.kind), String(row.body));
  return (detail === "" ? title : `${title}: ${detail}`).slice(0, TEXT_LENGTH);
}

interface Step {
  readonly m?: string;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly add?: string;
}

function detailOf(kind: string, body: string): string {
  if (kind === "created" || kind === "imported") return "";
  const changes = (JSON.parse(body) as { changes?: readonly Step[] }).changes ?? [];
  const value = (text: string | null | undefined) => (text == null ? "" : String(JSON.parse(text)));
  const to = (member: string) => value(changes.find(({ m }) => m === member)?.to);
  if (kind === "closed") return to("close_reason");
  if (kind === "commented") {
    const added = changes.find(({ m }) => m === "comments")?.add;
    return added === undefined ? "" : String((JSON.parse(added) as { text?: string }).text ?? "");
  }
  const status = changes.find(({ m }) => m === "status");
  const assignee = to("assignee");
  const moved = status === undefined ? "" : `${value(status.from)} → ${value(status.to)}`;
  if (moved === "") return assignee;
  return assignee === "" ? moved : `${moved} (${assignee})`;
}

function workerRows(sql: Sql, deaths: number, ends: number, limit: number, newest: boolean): Placed[] {
  const order = newest ? "DESC" : "ASC";
  const died = sql
    .all(`SELECT * FROM worker_deaths WHERE seq > ? ORDER BY seq ${order} LIMIT ?`, deaths, limit)
    .map((row): Placed => {
      const at = Number(row.at);
      const address = String(row.address);
      const text = row.bead === null ? String(row.why) : `${row.bead}: ${row.why}`;
      const entry = {
        at: new Date(at).toISOString(),
        source: "workers",
        kind: "died",
        id: address,
        who: address,
        text,
      };
      return { part: "deaths", place: Number(row.seq), at, entry } as Placed;
    });
  const done = sql
    .all(`SELECT * FROM hook_ends WHERE seq > ? ORDER BY seq ${order} LIMIT ?`, ends, limit)
    .map((row): Placed => {
      const at = Number(row.at);
      const address = String(row.address);
      const text = row.summary === null ? String(row.bead) : `${row.bead}: ${row.summary}`;
      const [source, kind] = ["workers", String(row.exit)];
      const entry = { at: new Date(at).toISOString(), source, kind, id: address, who: address, text };
      return { part: "ends", place: Number(row.seq), at, entry } as Placed;
    });
  return [...died, ...done];
}

function stopRows(sql: Sql, after: number): Placed[] {
  return sql.all("SELECT * FROM emergency_stop WHERE since > ?", after).map((row): Placed => {
    const at = Number(row.since);
    const kind = row.stopped === 1 ? "stopped" : "thawed";
    const said = { at: new Date(at).toISOString(), source: "estop", kind, id: "house" } as const;
    return { part: "stop", place: at, at, entry: { ...said, who: String(row.who), text: String(row.reason) } };
  });
}
