import { EVERYWHERE, RoleWishes } from "../supervisor/wishes.ts";
import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import type { GoalRequest } from "./goal.ts";
import { type Goal, Goals } from "./goals.ts";
import { HUB, type Lease, MayorLeases } from "./lease.ts";

export interface MayorStatus {
  readonly workspace: string;
  /** `running`: somebody is mayor; `resting`: nothing is to be done, it begins with the next goal; `stopped`: by hand. */
  readonly state: "running" | "resting" | "stopped";
  /** `hub`, or who does it in its place. */
  readonly holder?: string;
  readonly since?: string;
  readonly heartbeat_at?: string;
  readonly lease_until?: string;
  readonly term: number;
  readonly stopped_by?: string;
  readonly open_goals: number;
}

export interface GoalView {
  readonly id: string;
  readonly title: string;
  readonly workspace: string;
  readonly state: Goal["state"];
  readonly asked_by: string;
  readonly convoy: string | null;
  readonly total: number;
  readonly completed: number;
  readonly queued: number;
  readonly working: number;
  /** Need a person. */
  readonly stuck: readonly string[];
  readonly beads: readonly { readonly id: string; readonly rig: string; readonly status: string }[];
  readonly created_at: string;
  readonly finished_at: string | null;
}

const DEFAULT = "town";

function time(at: number): string {
  return new Date(at).toISOString();
}

export function goalView(reading: Pick<TownReading, "sql" | "now">, goal: Goal): GoalView {
  const { beads } = new Goals(reading.sql).stateOf(goal, reading.now());
  const over = (status: string) => status === "closed" || status === "tombstone";
  return {
    ...{ id: goal.id, title: goal.title, workspace: goal.workspace, state: goal.state, asked_by: goal.askedBy },
    ...{ convoy: goal.convoy ?? null, total: beads.length, completed: beads.filter((b) => over(b.status)).length },
    queued: beads.filter((bead) => bead.queued).length,
    working: beads.filter(({ status }) => status === "hooked" || status === "in_progress").length,
    stuck: goal.stuck,
    beads: beads.map(({ bead, rig, status }) => ({ id: bead, rig, status })),
    created_at: time(goal.createdAt),
    finished_at: goal.finishedAt === undefined ? null : time(goal.finishedAt),
  };
}

function statusOf({ sql, now }: TownReading, workspace: string): MayorStatus {
  const leases = new MayorLeases(sql);
  const lease: Lease | undefined = leases.find(workspace);
  const wish = new RoleWishes(sql).find("mayor", workspace);
  const held = lease !== undefined && lease.until > now();
  const stopped = wish?.wanted === "stopped";
  return {
    workspace,
    state: held ? "running" : stopped ? "stopped" : "resting",
    ...(held ? { holder: lease.holder, since: time(lease.takenAt), heartbeat_at: time(lease.beatenAt) } : {}),
    ...(held ? { lease_until: time(lease.until) } : {}),
    term: lease?.term ?? 0,
    ...(stopped && wish ? { stopped_by: wish.who } : {}),
    open_goals: new Goals(sql).open().filter((goal) => goal.workspace === workspace).length,
  };
}

/** The workspace that is meant when none is named. */
function workspacesIn({ sql }: Pick<TownReading, "sql">): string[] {
  const known = sql.one("SELECT 1 AS found FROM sqlite_master WHERE name = 'workspaces'");
  const made = known ? sql.all("SELECT name FROM workspaces ORDER BY name").map((row) => String(row.name)) : [];
  return made.length > 0 ? made : [DEFAULT];
}

export const READS = {
  status: (reading: TownReading, { workspace }: { readonly workspace?: string }): MayorStatus[] =>
    (workspace === undefined ? workspacesIn(reading) : [workspace]).map((name) => statusOf(reading, name)),
  goals: (reading: TownReading, { limit = 50 }: { readonly limit?: number }): GoalView[] =>
    new Goals(reading.sql).list(limit).map((goal) => goalView(reading, goal)),
} satisfies Operations["READS"];

interface Place {
  readonly workspace?: string;
}

interface Holder extends Place {
  readonly holder?: string;
  readonly leaseMs?: number;
}

const place = ({ town }: TownCall, { workspace }: Place): string =>
  workspace ?? workspacesIn(town.reading())[0] ?? EVERYWHERE;

export const WRITES = {
  goal: {
    alone: true,
    run: async ({ town, who }: TownCall, request: GoalRequest) =>
      goalView(town.reading(), await town.mayor.goal(who, request)),
  },
  cancel: {
    alone: true,
    run: async ({ town }: TownCall, { goal }: { readonly goal: string }) =>
      goalView(town.reading(), await town.mayor.cancel(goal)),
  },
  start: {
    alone: false,
    run: async (call: TownCall, params: Holder) => {
      const workspace = place(call, params);
      await call.town.mayor.begin(call.who, workspace, params.holder ?? HUB, params.leaseMs);
      return statusOf(call.town.reading(), workspace);
    },
  },
  heartbeat: {
    alone: false,
    run: async (call: TownCall, params: Holder) => {
      const workspace = place(call, params);
      await call.town.mayor.beat(workspace, params.holder ?? call.who, params.leaseMs);
      return statusOf(call.town.reading(), workspace);
    },
  },
  stop: {
    alone: true,
    run: async (call: TownCall, params: Place) => {
      const workspace = place(call, params);
      await call.town.mayor.end(call.who, workspace);
      return statusOf(call.town.reading(), workspace);
    },
  },
} satisfies Operations["WRITES"];
