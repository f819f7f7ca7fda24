import type { BeadRecord } from "@barnacle/protocol/beads";
import type { Sql } from "../beads/index.ts";
import { type ConvoyFacts, readFacts } from "./facts.ts";
import type { Liveness } from "./ports.ts";
import { type Readiness, readinessOf } from "./readiness.ts";
import { isStaged } from "./states.ts";
import {
  childConvoys,
  isDone,
  type Leaf,
  leavesOf,
  type Progress,
  progressOf,
  trackedIds,
  waitsFor,
} from "./tracked.ts";

/** Its caller lands it himself. */
export const OWNED = "gt:owned";

/**
 * How a convoy stands, derived: `staged` not launched, `waiting` for what it depends on, `empty`, `active` somebody works on
 * it, `ready` nobody does, though something could be started, `stuck` nothing can, `complete` all done but not landed;
 * closed ones have `landed`, or `cancelled` when something was left.
 */
export type ConvoyWork =
  | "staged"
  | "waiting"
  | "empty"
  | "active"
  | "ready"
  | "stuck"
  | "complete"
  | "landed"
  | "cancelled";

export interface TrackedView {
  readonly id: string;
  readonly title: string;
  /** `unknown`: nothing here has this id. */
  readonly status: string;
  readonly dependency_type: "tracks";
  readonly issue_type: string;
  readonly blocked: boolean;
  readonly assignee: string;
  readonly labels: readonly string[];
  /** Who works on it now. */
  readonly worker: string;
  /** Seconds since it was begun. */
  readonly worker_age: number;
}

export interface ConvoyView extends ConvoyFacts {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly state: ConvoyWork;
  readonly description: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly closed_at?: string;
  readonly close_reason?: string;
  readonly owned: boolean;
  readonly lifecycle: "caller-managed" | "system-managed";
  readonly merge_strategy: string;
  readonly tracked: readonly TrackedView[];
  readonly completed: number;
  readonly total: number;
  readonly percent: number;
  readonly failed: number;
  /** Ready, and nobody works on them. */
  readonly ready: readonly string[];
  readonly unresolved: readonly string[];
  /** Other convoys, finished or not. */
  readonly depends_on: readonly string[];
  /** What it waits for now. */
  readonly waits_for: readonly string[];
  readonly parent: string | null;
  readonly children: readonly string[];
  /** How often it landed. */
  readonly landings: number;
}

export interface Viewing {
  readonly sql: Sql;
  readonly now: number;
  readonly workers?: Liveness | undefined;
}

export function viewConvoy(viewing: Viewing, bead: BeadRecord): ConvoyView {
  const { sql, now } = viewing;
  const progress = progressOf(sql, bead);
  const ready = readinessOf(viewing, progress.open);
  const waits = waitsFor(sql, bead.id);
  const { facts, text } = readFacts(bead.description);
  const owned = bead.labels?.includes(OWNED) ?? false;
  const edges = bead.dependencies ?? [];
  const landings = sql.one("SELECT count(*) AS n FROM convoy_landings WHERE convoy = ?", bead.id);
  return {
    ...{ id: bead.id, title: bead.title, status: bead.status },
    state: workOf(bead.status, progress, waits, ready),
    description: text,
    ...{ created_at: bead.created_at, created_by: bead.created_by ?? "" },
    ...(bead.closed_at === undefined ? {} : { closed_at: bead.closed_at }),
    ...(bead.close_reason === undefined ? {} : { close_reason: bead.close_reason }),
    ...{ owned, lifecycle: owned ? "caller-managed" : "system-managed", merge_strategy: facts.merge ?? "" },
    tracked: leavesOf(sql, trackedIds(bead)).map((leaf) => trackedView(leaf, now)),
    ...{ completed: progress.completed, total: progress.total, percent: progress.percent, failed: progress.failed },
    ...{ ready: ready.ready, unresolved: progress.unresolved },
    depends_on: edges.filter(({ type }) => type === "blocks").map((edge) => edge.depends_on_id),
    waits_for: waits,
    parent: edges.find(({ type }) => type === "parent-child")?.depends_on_id ?? null,
    children: childConvoys(sql, bead.id).map(({ id }) => id),
    landings: Number(landings?.n ?? 0),
    ...facts,
  };
}

function workOf(
  status: string,
  { total, complete, openConvoys }: Progress,
  waits: readonly string[],
  { ready, worked }: Readiness,
): ConvoyWork {
  if (status === "closed") return complete ? "landed" : "cancelled";
  if (isStaged(status)) return "staged";
  if (complete) return "complete";
  if (waits.length > 0) return "waiting";
  if (total === 0 && openConvoys.length === 0) return "empty";
  if (worked.length > 0) return "active";
  if (ready.length > 0) return "ready";
  return openConvoys.length > 0 ? "active" : "stuck";
}

function trackedView({ id, bead, blocked }: Leaf, now: number): TrackedView {
  const working = bead !== undefined && (bead.status === "in_progress" || bead.status === "hooked");
  const since = Date.parse(bead?.started_at ?? bead?.updated_at ?? "");
  return {
    ...{ id, title: bead?.title ?? "", status: bead?.status ?? "unknown", dependency_type: "tracks" },
    ...{ issue_type: bead?.issue_type ?? "", blocked: blocked && !isDone(bead?.status ?? "") },
    ...{ assignee: bead?.assignee ?? "", labels: bead?.labels ?? [] },
    worker: working ? (bead.assignee ?? "") : "",
    worker_age: working && Number.isFinite(since) ? Math.max(0, Math.round((now - since) / 1000)) : 0,
  };
}
