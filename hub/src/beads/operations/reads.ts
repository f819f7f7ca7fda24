import { missingHeadings } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import { allRings } from "../cycles.ts";
import { EventLog, type EventQuery } from "../events.ts";
import type { BeadFilter } from "../filter.ts";
import { BeadReads, type ReadyQuery } from "../reads.ts";
import { BEAD_SETTINGS, BeadSettings } from "../settings.ts";
import type { Sql } from "../sql.ts";
import { unreadLines } from "../transfer.ts";

export interface Reading {
  readonly sql: Sql;
  readonly reads: BeadReads;
  readonly now: () => number;
}

export function readingOf(sql: Sql, now: () => number): Reading {
  return { sql, reads: new BeadReads(sql, now), now };
}

const PAGE = 500;
const DAY_MS = 86_400_000;

/** What can be asked, by name: the gateway's methods `beads.<name>` and the command line ask the same. */
export const READS = {
  /** Whole beads: dependencies with the beads at their ends, children of epics, comments. */
  show: ({ reads, sql }: Reading, { ids }: { readonly ids: readonly string[] }) => {
    return ids.map((part) => {
      const bead = reads.get(reads.resolve(part));
      const dependencies = (bead.dependencies ?? []).map((edge) => {
        const end = reads.find(edge.depends_on_id);
        return { ...(end ?? { id: edge.depends_on_id }), dependency_type: edge.type };
      });
      const children = bead.issue_type === "epic" ? reads.children(bead.id) : [];
      const closed = children.filter(({ status }) => status === "closed").length;
      const epic = {
        ...{ epic_total_children: children.length, epic_closed_children: closed },
        epic_closeable: children.length > 0 && closed === children.length,
      };
      const lease = sql.one("SELECT lease_until, heartbeat_at, blocked FROM beads WHERE id = ?", bead.id);
      return {
        ...bead,
        labels: bead.labels ?? [],
        dependencies,
        dependents: reads.dependents(bead.id).map((one) => ({
          ...{ id: one.id, title: one.title, status: one.status },
          dependency_type: one.dependencies?.find((edge) => edge.depends_on_id === bead.id)?.type,
        })),
        ...(bead.issue_type === "epic" ? epic : {}),
        is_blocked: lease?.blocked === 1,
        not_ready_because: reads.whyNot(bead.id),
        ...(lease?.lease_until ? { lease_until: new Date(Number(lease.lease_until)).toISOString() } : {}),
        ...(lease?.heartbeat_at ? { heartbeat_at: new Date(Number(lease.heartbeat_at)).toISOString() } : {}),
      };
    });
  },
  list: ({ reads }: Reading, filter: BeadFilter & { readonly limit?: number; readonly ready?: boolean }) => {
    const { ready, ...rest } = filter;
    return ready ? reads.ready({ ...rest, limit: rest.limit }) : reads.list(rest);
  },
  ready: ({ reads }: Reading, query: ReadyQuery) => reads.ready(query),
  explain: ({ reads }: Reading, query: ReadyQuery) => reads.explain(query),
  blocked: ({ reads }: Reading, filter: BeadFilter & { readonly limit?: number }) => reads.blocked(filter),
  events: ({ sql, reads }: Reading, query: EventQuery) =>
    new EventLog(sql).list(query.id === undefined ? query : { ...query, id: reads.resolve(query.id) }),
  children: ({ reads }: Reading, { id }: { readonly id: string }) => reads.children(reads.resolve(id)),
  /** What texts lack that beads of their type should say. */
  lint: ({ reads }: Reading, filter: BeadFilter & { readonly limit?: number }) =>
    reads.list({ limit: 0, ...filter }).flatMap((bead) => {
      const missing = missingHeadings(bead);
      return missing.length === 0 ? [] : [{ id: bead.id, title: bead.title, issue_type: bead.issue_type, missing }];
    }),
  cycles: ({ sql }: Reading, _: object) => allRings(sql),
  labels: ({ sql }: Reading, _: object) =>
    sql
      .all("SELECT label, count(*) AS count FROM bead_labels GROUP BY label ORDER BY label")
      .map((row) => ({ label: String(row.label), count: Number(row.count) })),
  /** One page of lines; `next` is the place to go on from. */
  export: ({ sql }: Reading, { after = 0 }: { readonly after?: number }) => {
    const rows = sql.all(
      `SELECT seq, line FROM beads WHERE seq > ?1 UNION ALL SELECT seq, line FROM bead_other_lines WHERE seq > ?1
       ORDER BY seq LIMIT ?2`,
      ...[after, PAGE],
    );
    const next = rows.length < PAGE ? undefined : Number(rows.at(-1)?.seq);
    return { lines: rows.map((row) => String(row.line)), ...(next === undefined ? {} : { next }) };
  },
  /** What of a file the store does not have. */
  unread: ({ sql }: Reading, { lines }: { readonly lines: readonly string[] }) => ({ unread: unreadLines(sql, lines) }),
  count: ({ reads, sql }: Reading, { by, ...filter }: BeadFilter & { readonly by?: string }) => {
    if (by === undefined) return { count: reads.count(filter) };
    const column = GROUPS[by];
    if (!column) throw new BarnacleError("INPUT_INVALID", `by: expected one of ${Object.keys(GROUPS).join(", ")}`);
    const from = by === "label" ? "bead_labels l JOIN beads b ON b.id = l.id" : "beads b";
    const rows = sql.all(
      `SELECT ${column} AS name, count(*) AS n FROM ${from} WHERE b.status <> 'tombstone' GROUP BY name ORDER BY name`,
    );
    return {
      count: reads.count(filter),
      by: Object.fromEntries(rows.map((row) => [String(row.name ?? ""), Number(row.n)])),
    };
  },
  stats: ({ reads, sql }: Reading, _: object) => {
    const counts = new Map(
      sql
        .all("SELECT status, count(*) AS n FROM beads GROUP BY status")
        .map((row) => [String(row.status), Number(row.n)] as const),
    );
    const of = (status: string) => counts.get(status) ?? 0;
    const lead = sql.one("SELECT avg(closed_at - created_at) AS ms FROM beads WHERE status = 'closed'")?.ms;
    const epics = reads.list({ type: "epic", limit: 0 }).filter((epic) => {
      const children = reads.children(epic.id);
      return children.length > 0 && children.every(({ status }) => status === "closed");
    });
    return {
      total_issues: [...counts].reduce((sum, [status, n]) => (status === "tombstone" ? sum : sum + n), 0),
      ...{ open_issues: of("open"), in_progress_issues: of("in_progress"), closed_issues: of("closed") },
      blocked_issues: Number(sql.one("SELECT count(*) AS n FROM beads WHERE status = 'open' AND blocked = 1")?.n),
      ...{ deferred_issues: of("deferred"), ready_issues: reads.readyCount(), pinned_issues: of("pinned") },
      epics_eligible_for_closure: epics.length,
      average_lead_time_hours: typeof lead === "number" ? Math.round(lead / 36_000) / 100 : 0,
    };
  },
  /** What is set, all that can be set, and words that clash with built-in ones. */
  config: ({ sql }: Reading, _: object) => {
    const settings = new BeadSettings(sql);
    return { set: settings.all(), known: BEAD_SETTINGS, problems: settings.problems() };
  },
  epics: ({ reads }: Reading, { eligible = false }: { readonly eligible?: boolean }) =>
    reads
      .list({ type: "epic", limit: 0, sortBy: "file" })
      .map((epic) => {
        const children = reads.children(epic.id);
        const closed_children = children.filter(({ status }) => status === "closed").length;
        const eligible_for_close = children.length > 0 && closed_children === children.length;
        return { epic, total_children: children.length, closed_children, eligible_for_close };
      })
      .filter(({ eligible_for_close }) => !eligible || eligible_for_close),
  stale: (
    { reads, now }: Reading,
    { days = 30, ...filter }: BeadFilter & { readonly days?: number; readonly limit?: number },
  ) => {
    const before = new Date(now() - days * DAY_MS).toISOString();
    return reads.list({ ...filter, updatedBefore: before, sortBy: "updated", reverse: true });
  },
  /** What a bead waits for (`down`), what waits for it (`up`), whole. */
  tree: (
    { reads }: Reading,
    { id, up = false, depth = 50 }: { readonly id: string; readonly up?: boolean; readonly depth?: number },
  ) => {
    const nodes: object[] = [];
    const seen = new Set<string>();
    const visit = (at: string, level: number, parent: string | undefined, kind: string | undefined): void => {
      const bead = reads.find(at);
      const known = seen.has(at);
      seen.add(at);
      const where = {
        ...{ depth: level, truncated: known || level >= depth },
        ...(parent === undefined ? {} : { parent_id: parent, edge_from_parent: kind }),
      };
      nodes.push({ ...(bead ?? { id: at }), ...where });
      if (known || !bead || level >= depth) return;
      if (up) {
        for (const one of reads.dependents(at)) {
          visit(one.id, level + 1, at, one.dependencies?.find((edge) => edge.depends_on_id === at)?.type);
        }
      } else for (const edge of bead.dependencies ?? []) visit(edge.depends_on_id, level + 1, at, edge.type);
    };
    visit(reads.resolve(id), 0, undefined, undefined);
    return nodes;
  },
} as const;

const GROUPS: Readonly<Record<string, string>> = {
  ...{ status: "b.status", priority: "b.priority", type: "b.issue_type", assignee: "b.assignee", label: "l.label" },
};

export type ReadName = keyof typeof READS;
