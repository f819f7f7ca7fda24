import { instantText } from "@barnacle/protocol/beads";
import { hasCode } from "@barnacle/protocol/errors";
import type { BeadWriter } from "../beads/index.ts";
import { Evidence } from "./evidence.ts";
import { Journal, type Plan, type PlannedMerge, type Run, type RunOutcome } from "./journal.ts";
import { closeIfOpen, moveRequest, noteRequest, supersede } from "./moves.ts";
import type { RefineryMail, RefineryPorts } from "./ports.ts";
import type { MergeFields, MergeRequest, Rework } from "./request.ts";
import { needRequest } from "./requests.ts";

/** Why one goes back, and on what grounds. */
export interface Blame {
  readonly reason: Rework["reason"];
  readonly text: string;
  readonly base: string;
  readonly files?: readonly string[];
}

/** What becomes of requests, sources and mail at the end of a try; all of it within the caller's transaction. */
export class Outcomes {
  readonly #ports: Pick<RefineryPorts, "post" | "holds">;

  constructor(ports: Pick<RefineryPorts, "post" | "holds">) {
    this.#ports = ports;
  }

  /** The push is done: evidence, requests, sources, mail and the journal say so together. */
  merged(writer: BeadWriter, run: Run): void {
    const plan = run.plan as Plan;
    const evidence = new Evidence(writer.sql);
    for (const merge of plan.merges) {
      evidence.add(run, merge, plan.gates, writer.now);
      if (merge.request) this.#closeRequest(writer, merge.request, merge);
      closeIfOpen(writer, merge.source, `Merged in ${merge.merged}`);
      if (run.kind === "land") {
        writer.sql.run(
          "UPDATE integration_branches SET landed = ?, landed_at = ? WHERE rig = ? AND branch = ?",
          ...[merge.merged, writer.now, run.rig, merge.branch],
        );
      }
      this.#supersedeOthers(writer, run.rig, merge);
      this.#tell(writer, merge.worker, mergedMail(run, merge));
      this.#tell(writer, `${run.rig}/witness`, mergedMail(run, merge));
    }
    // Who was set aside comes again.
    this.back(writer, run.run);
    new Journal(writer.sql).change(run.run, { stage: "recorded", outcome: "merged", gate: null });
  }

  /** Back to its worker with the evidence: by its own fault. */
  rework(writer: BeadWriter, run: Run, { id }: MergeRequest, blame: Blame): void {
    const { reason, text, base, files = [] } = blame;
    const request = needRequest(writer.sql, id, writer.now);
    const newer = newerOf(writer, request);
    if (newer !== undefined) {
      supersede(writer, id, newer);
      return;
    }
    const at = instantText(writer.now);
    const rework: Rework = { reason, text, base, run: run.run, ...(run.log ? { log: run.log } : {}), at };
    moveRequest(writer, id, {
      ...{ to: "open", text: `sent back (${reason}), tried on ${base}\n${text}` },
      fields: {
        retry_count: request.retry_count + 1,
        rework,
        ...(reason === "conflict" ? { last_conflict_sha: base } : {}),
      },
    });
    const task = reason === "conflict" ? this.#conflictTask(writer, request, base, files) : undefined;
    if (reason === "gates") this.#sourceBack(writer, request, text);
    const mail = reworkMail(request, blame, run, task);
    this.#tell(writer, request.worker, {
      ...mail,
      subject: `REWORK_REQUEST ${request.branch}`,
      type: "task",
      priority: "high",
    });
    this.#tell(writer, `${run.rig}/witness`, { ...mail, subject: `MERGE_FAILED ${request.branch}` });
  }

  /** Back without anybody's fault. */
  back(writer: BeadWriter, run: number, text?: string): string[] {
    const rows = writer.sql.all("SELECT id FROM merge_requests WHERE run = ? AND state = 'in_progress'", run);
    const ids = rows.map((row) => String(row.id));
    for (const id of ids) moveRequest(writer, id, { to: "open", ...(text === undefined ? {} : { text }) });
    return ids;
  }

  finish(writer: BeadWriter, run: number, outcome: RunOutcome, detail?: string): void {
    this.back(writer, run);
    const changes = { stage: "done", outcome, finishedAt: writer.now, gate: null } as const;
    new Journal(writer.sql).change(run, {
      ...changes,
      ...(detail === undefined ? {} : { detail: detail.slice(0, 4_000) }),
    });
  }

  /** A merge was taken back: its source is work again. */
  rolledBack(
    writer: BeadWriter,
    run: Run,
    merge: { readonly seq: number; readonly source?: string; readonly request?: string },
  ): void {
    const why = `${run.ask.reason ?? "rolled back"} (by ${run.who})`;
    const text = `The merge was taken back in ${run.tip}: ${why}`;
    new Evidence(writer.sql).rolledBack(merge.seq, run.who, run.tip ?? "", writer.now);
    const source = merge.source === undefined ? undefined : writer.table.get(merge.source)?.bead;
    if (source?.status === "closed") writer.closing.reopen(source.id, text);
    else if (source) writer.comment(source.id, text);
    if (source?.assignee) writer.update(source.id, { assignee: null });
    if (merge.request) noteRequest(writer, merge.request, { rolled_back: run.tip }, text);
    new Journal(writer.sql).change(run.run, { stage: "recorded", outcome: "merged", gate: null });
  }

  #closeRequest(writer: BeadWriter, id: string, { merged }: PlannedMerge): void {
    const { conflict_task_id } = writer.need(id).bead.metadata as MergeFields;
    const row = writer.sql.one("SELECT state FROM merge_requests WHERE id = ?", id);
    if (row?.state === "closed") return;
    // Somebody took its claim away while it was pushed: it is merged all the same.
    moveRequest(writer, id, {
      ...{ to: "closed", text: `merged in ${merged}` },
      fields: { close_reason: "merged", merge_commit: merged, rework: undefined },
    });
    closeIfOpen(writer, conflict_task_id, `${id} is merged`);
  }

  /** Earlier tries of the same work that were sent back. */
  #supersedeOthers(writer: BeadWriter, rig: string, { source, request }: PlannedMerge): void {
    if (source === undefined || request === undefined) return;
    const rows = writer.sql.all("SELECT id FROM merge_requests WHERE rig = ? AND state = 'open' AND rework = 1", rig);
    for (const id of rows.map((row) => String(row.id))) {
      if ((writer.need(id).bead.metadata as MergeFields).source_issue === source) supersede(writer, id, request);
    }
  }

  /** A task for the worker that nothing waits for but the request itself. */
  #conflictTask(writer: BeadWriter, request: MergeRequest, base: string, files: readonly string[]): string {
    const { id, branch, target, worker, priority } = request;
    const task = writer.create({
      ...{ title: `Resolve conflicts of ${branch} with ${target}`.slice(0, 500), issue_type: "task", priority },
      prefix: id.slice(0, id.indexOf("-")),
      description: `Rebase ${branch} onto ${target} (${base}), solve the conflicts, and submit the new commit; the request is ${id}.\n\nFiles:\n${files.map((file) => `- ${file}`).join("\n")}`,
      ...(worker === undefined ? {} : { assignee: worker }),
      labels: ["conflict"],
      metadata: { merge_request: id, branch, target, base, files },
    });
    writer.addDependency(id, task.id);
    noteRequest(writer, id, { conflict_task_id: task.id });
    return task.id;
  }

  /** What nobody works on any more is work again; who still has it on the hook goes on. */
  #sourceBack(writer: BeadWriter, { id, source_issue, worker }: MergeRequest, text: string): void {
    const source = source_issue === undefined ? undefined : writer.table.get(source_issue)?.bead;
    if (!source || source.status === "tombstone") return;
    const note = `${id} did not pass: ${text}`;
    if (worker !== undefined && this.#ports.holds?.(worker, source.id)) {
      writer.comment(source.id, note);
      return;
    }
    if (source.status === "closed") writer.closing.reopen(source.id);
    if (["open", "in_progress", "hooked", "closed"].includes(source.status)) writer.claims.fail(source.id, note);
    else writer.comment(source.id, note);
  }

  #tell(writer: BeadWriter, to: string | undefined, mail: Omit<RefineryMail, "from" | "to">): void {
    if (to === undefined) return;
    try {
      this.#ports.post?.(writer, { ...mail, key: `${mail.key}:${to}`, from: writer.who, to });
    } catch (error) {
      // A worker by another name than an agent's has no mailbox.
      if (!hasCode(error, "INPUT_INVALID")) throw error;
    }
  }
}

function mergedMail(
  run: Run,
  { branch, merged, commit, source, request }: PlannedMerge,
): Omit<RefineryMail, "from" | "to"> {
  const body = lines({
    Branch: branch,
    Commit: commit,
    Merged: merged,
    Target: run.target,
    Source: source,
    Request: request,
  });
  return { subject: `MERGED ${branch}`, body, type: "notification", key: `merged:${run.run}:${branch}` };
}

function reworkMail(
  { id, branch, commit_sha, target, source_issue }: MergeRequest,
  blame: Blame,
  run: Run,
  task?: string,
) {
  const fields = { Branch: branch, Commit: commit_sha, Target: target, Source: source_issue, Request: id, Task: task };
  const body = lines({ ...fields, Reason: blame.reason, Base: blame.base, Log: run.log }, blame.text);
  return { subject: "", body, type: "notification", key: `rework:${run.run}:${id}` } as const;
}

function lines(fields: Readonly<Record<string, string | undefined>>, text = ""): string {
  const named = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [...named.map(([name, value]) => `${name}: ${value}`), ...(text === "" ? [] : ["", text])].join("\n");
}

/** A request for a newer commit of the same branch. */
function newerOf(writer: BeadWriter, { id, rig, branch }: MergeRequest): string | undefined {
  const row = writer.sql.one(
    "SELECT id FROM merge_requests WHERE rig = ? AND branch = ? AND state = 'open' AND id != ?",
    ...[rig, branch, id],
  );
  return row && String(row.id);
}
