import { readdirSync } from "node:fs";
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../beads/index.ts";
import { listRigs, lookingGit, type Rig } from "../rigs/index.ts";
import { judgeRow, type Submissions } from "./looking.ts";
import { reasonsOf, whyLost } from "./lost.ts";
import { listWorktrees, type WorktreeRow } from "./table.ts";

/**
 * `lost`: an agent's directory is not there. `unknown`: a directory that belongs to no agent. `stale`: in use for a bead that
 * is closed or gone. `unsaved`: nobody works in it, and it holds work. `branch`: commits that no worktree has and nobody
 * merged. `rescued`: the same, saved when a worktree was removed by force.
 */
export interface Orphan {
  readonly kind: "lost" | "unknown" | "stale" | "unsaved" | "branch" | "rescued";
  readonly rig: string;
  readonly agent?: string;
  readonly path?: string;
  readonly branch?: string;
  readonly bead?: string;
  readonly why: string;
}

export interface OrphanSearch {
  readonly sql: Sql;
  readonly reads: BeadReads;
  readonly submissions?: Submissions | undefined;
}

/** Worktrees and work that nobody has any more. */
export async function orphansOf(search: OrphanSearch, rig?: string): Promise<Orphan[]> {
  const rigs = listRigs(search.sql).filter(({ name }) => rig === undefined || name === rig);
  const found: Orphan[] = [];
  for (const one of rigs) {
    try {
      found.push(...(await ofRig(search, one)));
    } catch (error) {
      found.push({ kind: "lost", rig: one.name, path: one.repo, why: messageOf(error) });
    }
  }
  return found;
}

async function ofRig(search: OrphanSearch, rig: Rig): Promise<Orphan[]> {
  const rows = listWorktrees(search.sql, rig.name);
  const git = lookingGit(rig);
  const entries = await entriesOf(rig);
  // The merge queue keeps a place of its own, whether or not it was asked for here.
  const known = new Set([...rows.map((row) => row.path), rig.repo, path.join(rig.directory, "refinery")]);
  const places = new Set([...directories(rig), ...entries.map((entry) => entry.path)]);
  const strange: Orphan[] = [...places]
    .filter((place) => !known.has(place))
    .map((place) => {
      const branch = entries.find((entry) => entry.path === place)?.branch;
      const why = "no agent has this directory";
      return { kind: "unknown", rig: rig.name, path: place, ...(branch === undefined ? {} : { branch }), why };
    });
  const own = (await Promise.all(rows.map((row) => ofRow(search, rig, row)))).flat();
  const held = new Set(entries.map(({ branch }) => branch));
  const { stdout } = await git.run([
    "for-each-ref",
    ...["--format=%(objectname) %(refname:lstrip=2)", `--no-merged=refs/heads/${rig.defaultBranch}`],
    ...["refs/heads/polecat", "refs/heads/rescue"],
  ]);
  const branches: Orphan[] = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => ({ commit: line.slice(0, line.indexOf(" ")), branch: line.slice(line.indexOf(" ") + 1) }))
    .filter(({ branch, commit }) => !held.has(branch) && !search.submissions?.has(rig.name, branch, commit))
    .map(({ branch }) =>
      branch.startsWith("rescue/")
        ? { kind: "rescued", rig: rig.name, branch, why: "saved when a worktree was removed by force" }
        : { kind: "branch", rig: rig.name, branch, why: "its commits are not merged, and no worktree has it" },
    );
  return [...own, ...strange, ...branches];
}

async function ofRow({ sql, reads, submissions }: OrphanSearch, of: Rig, row: WorktreeRow): Promise<Orphan[]> {
  const { agent, rig, path: place, bead, branch } = row;
  const about = { rig, agent, path: place, ...(bead === undefined ? {} : { bead }) };
  const lost = whyLost(place);
  if (lost !== undefined) return [{ kind: "lost", ...about, ...(branch === undefined ? {} : { branch }), why: lost }];
  if (row.inUse) {
    const status = bead === undefined ? undefined : reads.find(bead)?.status;
    if (row.kind !== "polecat" || (status !== undefined && status !== "closed" && status !== "tombstone")) return [];
    return [{ kind: "stale", ...about, why: status === undefined ? "its bead is not there" : "its bead is closed" }];
  }
  if (row.kind !== "polecat") return [];
  const verdict = await judgeRow(sql, row, lookingGit(of, place), submissions);
  if (verdict.verdict === "SAFE_TO_NUKE") return [];
  return [{ kind: "unsaved", ...about, why: `${verdict.verdict}: ${reasonsOf(verdict)}` }];
}

/** What git knows of worktrees. */
async function entriesOf(rig: Rig): Promise<{ readonly path: string; readonly branch: string | undefined }[]> {
  const listed = await lookingGit(rig).text(["worktree", "list", "--porcelain", "-z"]);
  return listed
    .split("\0\0")
    .map((block) => block.split("\0"))
    .filter((lines) => lines[0]?.startsWith("worktree ") && !lines.includes("bare"))
    .map((lines) => ({
      path: (lines[0] ?? "").slice("worktree ".length),
      branch: lines.find((line) => line.startsWith("branch refs/heads/"))?.slice("branch refs/heads/".length),
    }));
}

function directories(rig: Rig): string[] {
  return ["polecats", "crew"].flatMap((part) => {
    try {
      return readdirSync(path.join(rig.directory, part)).map((name) => path.join(rig.directory, part, name));
    } catch {
      return [];
    }
  });
}
