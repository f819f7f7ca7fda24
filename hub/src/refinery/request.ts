import { type BeadRecord, parseInstant } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Row } from "../store/index.ts";
import { scoreOf } from "./score.ts";

export type RequestState = "open" | "in_progress" | "closed";
export type CloseReason = "merged" | "rejected" | "conflict" | "superseded";

/** Sent back: not taken again until the worker hands in something else, or somebody asks for another try. */
export interface Rework {
  readonly reason: "gates" | "conflict";
  readonly text: string;
  /** What it was tried on. */
  readonly base: string;
  readonly run: number;
  readonly log?: string;
  /** RFC 3339. */
  readonly at: string;
}

/** `metadata` of a bead of type `merge-request`. */
export interface MergeFields {
  readonly branch: string;
  readonly target: string;
  readonly rig: string;
  readonly commit_sha: string;
  readonly source_issue?: string;
  readonly worker?: string;
  readonly merge_commit?: string;
  readonly close_reason?: CloseReason;
  readonly agent_bead?: string;
  readonly retry_count: number;
  readonly last_conflict_sha?: string;
  readonly conflict_task_id?: string;
  readonly convoy_id?: string;
  readonly convoy_created_at?: string;
  readonly pre_verified?: boolean;
  readonly pre_verified_at?: string;
  readonly pre_verified_base?: string;
  readonly rework?: Rework;
  readonly rolled_back?: string;
}

export interface MergeRequest extends MergeFields {
  readonly id: string;
  readonly title: string;
  readonly priority: number;
  readonly state: RequestState;
  readonly created_at: string;
  /** Waits for another bead: the task of its conflict. */
  readonly blocked: boolean;
  readonly score: number;
  /** Milliseconds since 1970, while in progress. */
  readonly claimed_at?: number;
}

/** Every move that there is; closed is final. */
const MOVES: Readonly<Record<RequestState, readonly RequestState[]>> = {
  open: ["in_progress", "closed"],
  in_progress: ["open", "closed"],
  closed: [],
};

/** @throws CONFLICT naming from and to */
export function checkMove(id: string, from: RequestState, to: RequestState): void {
  if (MOVES[from].includes(to)) return;
  throw new BarnacleError("CONFLICT", `merge request ${id} cannot go from ${from} to ${to}`, {
    details: { id, from, to },
    ...(from === "closed" ? { hint: "A closed request is final; submit another commit." } : {}),
  });
}

/** Of a row of `merge_requests` joined with its bead's `line` and `blocked`. */
export function requestOf(row: Row, now: number): MergeRequest {
  const bead: BeadRecord = JSON.parse(String(row.line));
  const fields = bead.metadata as MergeFields;
  const request = {
    ...fields,
    ...{ id: bead.id, title: bead.title, priority: bead.priority, created_at: bead.created_at },
    state: row.state as RequestState,
    blocked: row.blocked === 1,
    ...(row.claimed_at === null ? {} : { claimed_at: Number(row.claimed_at) }),
  };
  return { ...request, score: Math.round(scoreOf(scoredOf(request), now) * 100) / 100 };
}

export function scoredOf(request: Omit<MergeRequest, "score">) {
  const { id, priority, retry_count, created_at, convoy_created_at } = request;
  return {
    ...{ id, priority, retries: retry_count, createdAt: parseInstant(created_at)?.ms ?? 0 },
    convoyCreatedAt: convoy_created_at === undefined ? undefined : parseInstant(convoy_created_at)?.ms,
  };
}

/** It could be taken now: a conflict is tried again when its task is closed. */
export function isReady({ state, blocked, rework }: MergeRequest): boolean {
  return state === "open" && !blocked && (rework === undefined || rework.reason === "conflict");
}
