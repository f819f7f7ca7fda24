import { BarnacleError } from "@barnacle/protocol/errors";
import { type GitHook, hookPlan, lookingGit, needRig } from "../rigs/index.ts";
import type { Operations, TownCall, TownReading } from "../town/operations.ts";
import { type GitEventQuery, gitEvents } from "./git-events.ts";
import { judgeRow, submissionsIn } from "./looking.ts";
import { whyLost } from "./lost.ts";
import { orphansOf } from "./orphans.ts";
import { listWorktrees, needWorktree, type WorktreeRow } from "./table.ts";
import type { WorktreeVerdict } from "./verdict.ts";
import type { Acquire } from "./worktrees.ts";

export interface ListedWorktree {
  readonly agent: string;
  readonly rig: string;
  readonly kind: string;
  readonly path: string;
  readonly branch: string | null;
  readonly bead: string | null;
  readonly state: "working" | "idle" | "lost";
  readonly created_at: string;
  readonly acquired_at?: string;
  readonly released_at?: string;
}

interface Agent {
  readonly agent: string;
}

function listed(row: WorktreeRow): ListedWorktree {
  const time = (at: number | undefined, name: string) =>
    at === undefined ? {} : { [name]: new Date(at).toISOString() };
  return {
    ...{ agent: row.agent, rig: row.rig, kind: row.kind, path: row.path },
    ...{ branch: row.branch ?? null, bead: row.bead ?? null },
    state: whyLost(row.path) !== undefined ? "lost" : row.inUse ? "working" : "idle",
    created_at: new Date(row.createdAt).toISOString(),
    ...time(row.acquiredAt, "acquired_at"),
    ...time(row.releasedAt, "released_at"),
  };
}

type Judged = ListedWorktree & Partial<Omit<WorktreeVerdict, "branch">>;

async function judged({ sql }: TownReading, row: WorktreeRow): Promise<Judged> {
  const lost = whyLost(row.path);
  if (lost !== undefined) return listed(row);
  const { branch, ...verdict } = await judgeRow(
    sql,
    row,
    lookingGit(needRig(sql, row.rig), row.path),
    submissionsIn(sql),
  );
  return { ...listed(row), ...verdict, branch: branch ?? null };
}

export const READS = {
  all: ({ sql }: TownReading, { rig }: { readonly rig?: string }) =>
    listWorktrees(sql, rig)
      .filter(({ state }) => state === "ready")
      .map(listed),
  /** Asks git. @throws WORKTREE_UNKNOWN, WORKTREE_LOST */
  verdict: async (reading: TownReading, { agent }: Agent) => {
    const row = needWorktree(reading.sql, agent);
    return {
      ...listed(row),
      ...(await judgeRow(
        reading.sql,
        row,
        lookingGit(needRig(reading.sql, row.rig), row.path),
        submissionsIn(reading.sql),
      )),
    };
  },
  verdicts: (reading: TownReading, { rig }: { readonly rig?: string }) =>
    Promise.all(listWorktrees(reading.sql, rig).map((row) => judged(reading, row))),
  orphans: ({ sql, reads }: TownReading, { rig }: { readonly rig?: string }) =>
    orphansOf({ sql, reads, submissions: submissionsIn(sql) }, rig),
  events: ({ sql }: TownReading, query: GitEventQuery) => gitEvents(sql, query),
  /** What the git hooks of a directory have to do; `null` where it belongs to no rig. */
  plan: ({ sql }: TownReading, { directory }: { readonly directory: string }) => hookPlan(sql, directory),
} satisfies Operations["READS"];

export const WRITES = {
  acquire: { alone: true, run: ({ town, who }: TownCall, given: Acquire) => town.worktrees.acquire(who, given) },
  release: { alone: true, run: ({ town }: TownCall, { agent }: Agent) => town.worktrees.release(agent) },
  drop: {
    alone: true,
    run: ({ town, who }: TownCall, { agent, force }: Agent & { readonly force?: boolean }) =>
      town.worktrees.remove(agent, { force: force ?? false, who }),
  },
  /** A git hook tells what happened. */
  githook: {
    alone: false,
    run: async ({ town }: TownCall, told: { directory: string; hook: GitHook; body: Record<string, unknown> }) => {
      const plan = READS.plan(town.reading(), told);
      if (!plan) throw new BarnacleError("RIG_UNKNOWN", `${told.directory} belongs to no rig`);
      await town.worktrees.hooked({
        rig: plan.rig,
        hook: told.hook,
        body: told.body,
        ...(plan.agent ? { agent: plan.agent } : {}),
      });
      return { recorded: true };
    },
  },
} satisfies Operations["WRITES"];
