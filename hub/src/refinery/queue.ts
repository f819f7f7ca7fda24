import { instantText } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Beads, BeadWriter } from "../beads/index.ts";
import { Journal, type Run } from "./journal.ts";
import { closeIfOpen, moveRequest, noteRequest, supersede } from "./moves.ts";
import type { RefineryRig } from "./ports.ts";
import { checkMove, type MergeFields, type MergeRequest } from "./request.ts";
import { needRequest } from "./requests.ts";

/** What a worker hands in, checked against git. */
export interface Submission {
  readonly branch: string;
  readonly commit: string;
  readonly target: string;
  readonly bead?: string | undefined;
  readonly worker?: string | undefined;
  readonly agentBead?: string | undefined;
  readonly priority?: number | undefined;
  /** The worker's own word; nothing is left out because of it. */
  readonly preVerifiedBase?: string | undefined;
}

/** Every change of the queue, each in one transaction. */
export class MergeQueue {
  readonly #beads: Beads;

  constructor(beads: Beads) {
    this.#beads = beads;
  }

  /** The same branch and commit again are the same request; another commit of the branch takes the place of the one that waits. */
  submit(who: string, rig: RefineryRig, given: Submission): Promise<MergeRequest> {
    return this.#beads.write(who, (writer) => {
      const { branch, commit } = given;
      const known = writer.sql.one(
        "SELECT id FROM merge_requests WHERE rig = ? AND branch = ? AND commit_sha = ?",
        ...[rig.name, branch, commit],
      );
      if (known && writer.table.has(String(known.id))) return needRequest(writer.sql, String(known.id), writer.now);
      if (known) writer.sql.run("DELETE FROM merge_requests WHERE id = ?", String(known.id));
      const older = writer.sql.all(
        "SELECT id FROM merge_requests WHERE rig = ? AND branch = ? AND state = 'open'",
        ...[rig.name, branch],
      );
      const retries = older.map((row) => (writer.need(String(row.id)).bead.metadata as MergeFields).retry_count);
      const id = this.#create(writer, rig, given, Math.max(0, ...retries));
      for (const row of older) supersede(writer, String(row.id), id);
      return needRequest(writer.sql, id, writer.now);
    });
  }

  /** Takes requests, and writes down that they are. */
  begin(rig: string, target: string, requests: readonly MergeRequest[]): Promise<Run> {
    return this.#beads.write(`${rig}/refinery`, (writer) => {
      const ask = { requests: requests.map(({ id }) => id) };
      const run = new Journal(writer.sql).add(
        { rig, kind: "merge", who: writer.who, target, ask },
        "testing",
        writer.now,
      );
      for (const { id } of requests) moveRequest(writer, id, { to: "in_progress", run: run.run });
      return run;
    });
  }

  /** Whose claim is not one of this run any more, or was given up: they wait again. Those that are closed by hand leave the queue. */
  tidy(rig: string, staleMs: number): Promise<string[]> {
    return this.#beads.write(`${rig}/refinery`, (writer) => {
      const rows = writer.sql.all(
        `SELECT m.id, m.state, m.claimed_at, b.status, b.assignee FROM merge_requests m LEFT JOIN beads b ON b.id = m.id
         WHERE m.rig = ? AND m.state != 'closed'`,
        rig,
      );
      const given: string[] = [];
      for (const row of rows) {
        const id = String(row.id);
        if (row.status === null || row.status === "closed" || row.status === "tombstone") {
          writer.sql.run("UPDATE merge_requests SET state = 'closed', claimed_at = NULL WHERE id = ?", id);
        } else if (row.state === "open" && row.status === "in_progress") {
          // Somebody else's claim: noted now, given up when its time is over.
          writer.sql.run(
            "UPDATE merge_requests SET state = 'in_progress', claimed_at = ? WHERE id = ?",
            writer.now,
            id,
          );
        } else if (row.state === "in_progress" && row.status === "open") {
          writer.sql.run("UPDATE merge_requests SET state = 'open', claimed_at = NULL, run = NULL WHERE id = ?", id);
        } else if (row.state === "in_progress" && writer.now - Number(row.claimed_at) >= staleMs) {
          moveRequest(writer, id, { to: "open", text: `the claim of ${row.assignee ?? "nobody"} was given up` });
          given.push(id);
        }
      }
      return given;
    });
  }

  /** @throws CONFLICT when it is closed, or is being merged now */
  reject(who: string, id: string, reason: string): Promise<MergeRequest> {
    return this.#beads.write(who, (writer) => {
      const { conflict_task_id } = idle(writer, id);
      moveRequest(writer, id, { to: "closed", fields: { close_reason: "rejected" }, text: `rejected: ${reason}` });
      closeIfOpen(writer, conflict_task_id, `${id} was rejected`);
      return needRequest(writer.sql, id, writer.now);
    });
  }

  /** Another try of what was sent back, or is claimed by who does not work on it. @throws CONFLICT as `reject` */
  retry(who: string, id: string): Promise<MergeRequest> {
    return this.#beads.write(who, (writer) => {
      const { conflict_task_id, state } = idle(writer, id);
      if (state === "closed") checkMove(id, state, "open");
      if (state === "in_progress") moveRequest(writer, id, { to: "open" });
      noteRequest(writer, id, { rework: undefined }, "to be tried again");
      closeIfOpen(writer, conflict_task_id, `${id} is tried again`);
      return needRequest(writer.sql, id, writer.now);
    });
  }

  #create(writer: BeadWriter, rig: RefineryRig, given: Submission, retries: number): string {
    const { branch, commit, target, bead, worker, agentBead, priority, preVerifiedBase } = given;
    const source = bead === undefined ? undefined : writer.table.get(bead)?.bead;
    const convoy = bead === undefined ? undefined : convoyOf(writer, bead);
    const metadata: MergeFields = {
      ...{ branch, target, rig: rig.name, commit_sha: commit, retry_count: retries },
      ...(bead === undefined ? {} : { source_issue: bead }),
      ...(worker === undefined ? {} : { worker }),
      ...(agentBead === undefined ? {} : { agent_bead: agentBead }),
      ...(convoy === undefined ? {} : { convoy_id: convoy.id, convoy_created_at: convoy.created_at }),
      ...(preVerifiedBase === undefined
        ? {}
        : { pre_verified: true, pre_verified_at: instantText(writer.now), pre_verified_base: preVerifiedBase }),
    };
    const { id } = writer.create({
      ...{ title: `Merge: ${source?.title ?? branch}`.slice(0, 500), issue_type: "merge-request", prefix: rig.prefix },
      ...{ priority: priority ?? source?.priority ?? 2, metadata },
    });
    writer.sql.run(
      "INSERT INTO merge_requests (id, rig, branch, commit_sha, state) VALUES (?, ?, ?, ?, 'open')",
      ...[id, rig.name, branch, commit],
    );
    return id;
  }
}

/** @throws NOT_FOUND, CONFLICT when a run works on it */
function idle(writer: BeadWriter, id: string): MergeRequest {
  const request = needRequest(writer.sql, id, writer.now);
  const { run } = writer.sql.one("SELECT run FROM merge_requests WHERE id = ?", id) ?? {};
  if (request.state !== "in_progress" || run === null) return request;
  throw new BarnacleError("CONFLICT", `merge request ${id} is being merged now, by run ${run}`, {
    hint: "Wait for its end; `barnacle refinery stop <rig>` ends it without a merge.",
  });
}

/** The oldest open convoy that tracks a bead. */
function convoyOf(writer: BeadWriter, bead: string): { readonly id: string; readonly created_at: string } | undefined {
  const row = writer.sql.one(
    `SELECT b.line FROM bead_edges e JOIN beads b ON b.id = e.issue_id
     WHERE e.target = ? AND e.kind = 'tracks' AND b.issue_type = 'convoy' AND b.status != 'closed' ORDER BY b.seq LIMIT 1`,
    bead,
  );
  return row && JSON.parse(String(row.line));
}
