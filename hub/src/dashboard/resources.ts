import { READS as BEADS } from "../beads/index.ts";
import type { TownReading } from "../town/index.ts";
import { operationsOf } from "../town/operations.ts";
import type { Query } from "./query.ts";

const DAY_MS = 86_400_000;
const SHOWN = 100;
const MOST_SHOWN = 1000;
const DAYS = 14;

type Resource = (reading: TownReading, query: Query) => Promise<unknown>;

async function ask<T>(reading: TownReading, noun: string, name: string, params: object = {}): Promise<T> {
  const { READS } = await operationsOf(noun);
  const answer = READS[name];
  return (answer === undefined ? [] : await answer(reading, params)) as T;
}

const countsOf = (reading: TownReading, column: "status" | "priority" | "issue_type" | "assignee") =>
  Object.fromEntries(
    reading.sql
      .all(
        `SELECT ${column} AS name, count(*) AS n FROM beads WHERE status <> 'tombstone' AND ${column} IS NOT NULL
         GROUP BY name ORDER BY n DESC, name LIMIT 100`,
      )
      .map((row) => [String(row.name), Number(row.n)]),
  );

/** What a person wants to know first. */
const overview: Resource = async (reading, query) => {
  query.end();
  const [convoys, stranded, agents, rigs, queue, raised, stop, scheduler] = await Promise.all([
    ask<readonly { status: string }[]>(reading, "convoys", "list", {}),
    ask<readonly { id: string; title: string }[]>(reading, "convoys", "stranded"),
    ask<readonly { state: string; running: boolean; address: string }[]>(reading, "workers", "list"),
    ask<readonly object[]>(reading, "rigs", "list"),
    ask<readonly object[]>(reading, "mergequeue", "status"),
    ask<readonly { id: string; severity: string; subject: string; state: string }[]>(reading, "escalations", "list"),
    ask<object>(reading, "estop", "status"),
    ask<object>(reading, "scheduler", "status"),
  ]);
  const stuck = agents.filter(({ state }) => state === "stuck");
  return {
    at: new Date(reading.now()).toISOString(),
    beads: BEADS.stats(reading, {}),
    convoys: { open: convoys.length, by_status: tally(convoys.map(({ status }) => status)) },
    agents: {
      ...{ total: agents.length, running: agents.filter(({ running }) => running).length },
      by_state: tally(agents.map(({ state }) => state)),
    },
    ...{ rigs, merge_queue: queue, scheduler, emergency_stop: stop },
    alerts: [
      ...raised.map(({ id, severity, subject, state }) => ({ kind: "escalation", id, severity, text: subject, state })),
      ...stuck.map(({ address }) => ({ kind: "stuck", id: address, severity: "high", text: `${address} is stuck` })),
      ...stranded.map(({ id, title }) => ({
        ...{ kind: "stranded", id, severity: "medium" },
        text: `${title}: work is ready and nobody does it`,
      })),
    ],
  };
};

const convoys: Resource = async (reading, query) => {
  const filter = { all: query.flag("all"), status: query.text("status") };
  const id = query.text("id");
  query.end();
  return id === undefined ? ask(reading, "convoys", "list", filter) : ask(reading, "convoys", "status", { id });
};

const agents: Resource = async (reading, query) => {
  const filter = { rig: query.text("rig"), role: query.text("role"), state: query.text("state") };
  query.end();
  return ask(reading, "workers", "list", filter);
};

/** Filters as `barnacle bead list` has them; `ready=1` asks for what can be started. */
const beads: Resource = async (reading, query) => {
  const filter = {
    ...{ status: query.text("status"), type: query.text("type"), priority: query.text("priority") },
    ...{ assignee: query.text("assignee"), text: query.text("text"), query: query.text("query") },
    ...{ labels: query.text("labels")?.split(","), parent: query.text("parent"), all: query.flag("all") },
    ...{ limit: query.number("limit", SHOWN, MOST_SHOWN), ready: query.flag("ready") },
  };
  const id = query.text("id");
  query.end();
  if (id !== undefined) return BEADS.show(reading, { ids: [id] });
  const { ready, limit, ...asked } = filter;
  const total = ready ? reading.reads.ready({ ...asked, limit: 0 }).length : BEADS.count(reading, asked).count;
  return { total, beads: BEADS.list(reading, filter) };
};

/** Numbers to plot; `days` back from today, in UTC. */
const metrics: Resource = async (reading, query) => {
  const days = query.number("days", DAYS, 366);
  query.end();
  const today = Math.floor(reading.now() / DAY_MS);
  const perDay = (column: "created_at" | "closed_at") => {
    const found = new Map(
      reading.sql
        .all(
          `SELECT ${column} / ${DAY_MS} AS day, count(*) AS n FROM beads
           WHERE ${column} >= ? AND status <> 'tombstone' GROUP BY day`,
          (today - days + 1) * DAY_MS,
        )
        .map((row) => [Number(row.day), Number(row.n)]),
    );
    return Array.from({ length: days }, (_, i) => found.get(today - days + 1 + i) ?? 0);
  };
  return {
    at: new Date(reading.now()).toISOString(),
    beads: {
      ...{ by_status: countsOf(reading, "status"), by_priority: countsOf(reading, "priority") },
      ...{ by_type: countsOf(reading, "issue_type"), by_assignee: countsOf(reading, "assignee") },
      ready: reading.reads.readyCount(),
    },
    days: Array.from({ length: days }, (_, i) => new Date((today - days + 1 + i) * DAY_MS).toISOString().slice(0, 10)),
    created_per_day: perDay("created_at"),
    closed_per_day: perDay("closed_at"),
    merge_queue: await ask(reading, "mergequeue", "status"),
  };
};

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** By the last part of their address. */
export const RESOURCES: Readonly<Record<string, Resource>> = { overview, convoys, agents, beads, metrics };
