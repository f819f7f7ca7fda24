import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { WorkerRecord, WorkPort } from "../workers/index.ts";
import type { DoneParams, HookEvent, HooksOptions } from "./hooks.ts";
import { type Pushed, pushed } from "./push.ts";
import type { Hook, HookEnd, HookReads } from "./record.ts";
import { HookTable } from "./table.ts";

export interface FinishingOptions extends HooksOptions {
  readonly reads: HookReads;
  readonly tell: (kind: HookEvent, bead: string, data: Readonly<Record<string, unknown>>) => void;
}

/** What a worker says of its own work: done, help, hand-off. */
export class Finishing {
  readonly #options: FinishingOptions;

  constructor(options: FinishingOptions) {
    this.#options = options;
  }

  async done(who: string, params: DoneParams): Promise<HookEnd> {
    const { reads, workers, beads, submit, rigs, tell } = this.#options;
    const { status = "COMPLETED", summary } = params;
    const worker = workers.get(params.address);
    const agent = worker.address;
    const hook = reads.of(agent);
    if (!hook) {
      const last = reads.lastEndOf(agent);
      if (last && last.bead === worker.bead && last.exit === status) return last;
      throw new BarnacleError("HOOK_EMPTY", `there is no work on the hook of ${agent}`);
    }
    const work = await this.#safe(worker, hook, status);
    const noMerge = params.noMerge ?? hook.options.noMerge ?? false;
    const queue = worker.rig === undefined ? undefined : rigs?.find(worker.rig)?.mergeQueue;
    const merge =
      status === "COMPLETED" && !noMerge && work !== undefined && work.ahead > 0 && queue?.enabled !== false;
    const target = params.target ?? hook.options.target ?? hook.options.baseBranch;
    // Before the hook is empty: a hub that dies in between finds the work on the hook, and the request once.
    const request =
      merge && submit && worker.rig !== undefined
        ? await submit.submit(agent, {
            ...{ rig: worker.rig, branch: work.branch, commit: work.commit, bead: hook.bead, worker: agent },
            ...(target === undefined ? {} : { target }),
          })
        : undefined;
    const end = await beads.write(who, (writer): HookEnd | undefined => {
      if (reads.ofBead(hook.bead)?.agent !== agent) return undefined;
      const ended: HookEnd = {
        ...{ bead: hook.bead, agent, at: writer.now, exit: status },
        ...(summary === undefined ? {} : { summary }),
        ...(work === undefined ? {} : { branch: work.branch, commit: work.commit }),
        ...(request === undefined ? {} : { mergeRequest: request.id }),
      };
      HookTable.end(writer.sql, ended);
      if (status === "COMPLETED" && request === undefined) {
        writer.update(hook.bead, { status: "in_progress" });
        writer.closing.close(hook.bead, {
          reason: summary ?? (merge ? `Done on ${work.branch}` : "Done"),
          force: true,
        });
      } else if (status === "COMPLETED") {
        // A quick merge, or a quick refusal, has had its say by now.
        if (writer.need(hook.bead).bead.status === "hooked") writer.update(hook.bead, { status: "in_progress" });
      } else writer.update(hook.bead, { status: status === "DEFERRED" ? "deferred" : "blocked", assignee: null });
      if (summary !== undefined && status !== "COMPLETED") writer.comment(hook.bead, summary);
      const state = status === "ESCALATED" ? "escalated" : "done";
      workers.markWithin(writer.sql, agent, { state, reason: null, restarts: 0, next_start_at: null });
      return ended;
    });
    if (!end) throw new BarnacleError("HOOK_EMPTY", `${hook.bead} was taken from ${agent} at this moment`);
    tell("done", hook.bead, { ...end });
    workers.tell("done", agent, { ...end });
    workers.finishSoon(agent, "its work is done");
    if (status === "ESCALATED") await this.#raise(agent, hook.bead, "high", summary ?? "it could not go on");
    return end;
  }

  async escalate(who: string, said: Parameters<WorkPort["escalate"]>[1]): Promise<unknown> {
    const { workers, reads, tell } = this.#options;
    const { address } = workers.get(said.address);
    const bead = reads.of(address)?.bead;
    const raised = await this.#raise(who, bead, said.severity, said.subject, said.reason);
    await workers.setState(address, "stuck", said.subject);
    tell("escalated", bead ?? address, { agent: address, severity: said.severity, subject: said.subject });
    return raised;
  }

  async handoff(
    who: string,
    {
      address,
      subject,
      message,
    }: { readonly address: string; readonly subject?: string | undefined; readonly message?: string | undefined },
  ): Promise<{ readonly agent: string; readonly bead?: string; readonly mail?: string }> {
    const { workers, beads, reads, clock, config, post, tell } = this.#options;
    const { address: agent, handoffAt } = workers.get(address);
    const next = (handoffAt ?? Number.NEGATIVE_INFINITY) + config().workers.handoffGapS * 1000;
    if (next > clock.now()) {
      const seconds = Math.ceil((next - clock.now()) / 1000);
      throw new BarnacleError("HANDOFF_TOO_SOON", `${agent} may hand off again in ${seconds} s`);
    }
    const bead = reads.of(agent)?.bead;
    const title = subject ?? `Hand-off${bead === undefined ? "" : ` of ${bead}`}`;
    const text = [title, message].filter(Boolean).join("\n\n");
    const mail = await beads.write(who, (writer) => {
      const made = post?.(writer, { from: agent, to: agent, subject: title, ...(message ? { body: message } : {}) });
      workers.markWithin(writer.sql, agent, { handoff: text, handoff_at: writer.now });
      return made;
    });
    const result = { agent, ...(bead === undefined ? {} : { bead }), ...(mail ? { mail: mail.id } : {}) };
    tell("handoff", bead ?? agent, result);
    workers.finishSoon(agent, "it hands off to its next session");
    return result;
  }

  /** What is in its worktree is where a removal of the worktree does not reach. Only finished work must be whole. */
  async #safe(worker: WorkerRecord, hook: Hook, status: DoneParams["status"]): Promise<Pushed | undefined> {
    const { rigs, log } = this.#options;
    const rig = worker.rig === undefined ? undefined : rigs?.find(worker.rig);
    if (!rig || !rigs || worker.worktree === undefined || worker.branch === undefined) return undefined;
    const base = hook.options.baseBranch ?? rig.defaultBranch;
    try {
      return await pushed(rigs.git(rig.name), {
        worktree: worker.worktree,
        branch: worker.branch,
        repo: rig.repo,
        base,
      });
    } catch (error) {
      if (status === "COMPLETED") throw error;
      log.warn({ agent: worker.address, error: messageOf(error) }, "unfinished work stays in its worktree");
      return undefined;
    }
  }

  async #raise(
    who: string,
    bead: string | undefined,
    severity: "critical" | "high" | "medium" | "low",
    subject: string,
    reason?: string,
  ): Promise<unknown> {
    const { escalations, beads, post } = this.#options;
    const about = bead === undefined ? {} : { bead };
    if (escalations) {
      return escalations.raise(who, { severity, subject, source: who, ...about, ...(reason ? { reason } : {}) });
    }
    const body = [bead, reason].filter(Boolean).join("\n\n");
    return beads.write(who, (writer) =>
      post?.(writer, { from: who, to: "overseer", subject, ...(body ? { body } : {}) }),
    );
  }
}
