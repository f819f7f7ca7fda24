import type { Command } from "commander";
import type { IntegrationStatus, MergeRecord, MergeRequest, Run } from "../../refinery/index.ts";
import type { Family, Session } from "../session.ts";
import { named } from "./bead-command.ts";
import { WorkDoor } from "./door.ts";
import { defined, whole } from "./filter-options.ts";
import { addSubmit } from "./mq-submit.ts";
import { evidenceText, INTEGRATIONS, MERGES, REQUESTS, type RequestShown, requestText, runText } from "./mq-views.ts";

type Open = (command: Command) => Session;

interface ListFlags {
  readonly ready?: boolean;
  readonly status?: string;
  readonly worker?: string;
  readonly epic?: string;
  readonly merged?: boolean;
  readonly all?: boolean;
  readonly limit?: number;
}

/** `barnacle mq`: finished work on its way into a rig's branch. */
export const mqFamily: Family = (program, open) => {
  const mq = program.command("mq").description("the merge queue: what is handed in, merged, sent back, taken back");
  addReads(mq, open);
  addSubmit(mq, open);
  addChanges(mq, open);
  addIntegration(mq, open);
};

function addReads(mq: Command, open: Open): void {
  named(mq, "list [rig]", "what waits, the next first", "barnacle mq list garden --ready")
    .option("--ready", "only what could be merged now")
    .option("--status <state>", "open, in_progress, closed")
    .option("--worker <who>", "of this worker")
    .option("--epic <id>", "for work below this epic")
    .option("--all", "also what is closed")
    .option("--merged", "the merges themselves, with their commits, the latest first")
    .option("-n, --limit <n>", "at most so many, 0: all", whole)
    .action(async (rig: string | undefined, flags: ListFlags, command: Command) => {
      const session = open(command);
      const door = new WorkDoor(session);
      if (flags.merged) {
        const merges = await door.read<MergeRecord[]>("mergequeue.merges", defined({ rig, limit: flags.limit }));
        session.out.list(merges, MERGES, "nothing was merged");
        return;
      }
      const { ready, status: state, worker, epic, all, limit } = flags;
      const query = defined({ rig, ready, state, worker, epic, all, limit });
      session.out.list(await door.read<MergeRequest[]>("mergequeue.list", query), REQUESTS, "nothing to merge");
    });
  named(mq, "next [rig]", "the one that is merged next; exit code 1 when there is none", "barnacle mq next garden")
    .option("--strategy <how>", "priority (default) or fifo", "priority")
    .action(async (rig: string | undefined, flags: { strategy: string }, command: Command) => {
      const session = open(command);
      const params = defined({ rig, strategy: flags.strategy });
      const next = await new WorkDoor(session).read<MergeRequest | null>("mergequeue.next", params);
      session.out.print(next, (style) => (next ? requestText(next, style) : "nothing to merge"));
      if (!next) session.fail();
    });
  named(
    mq,
    "status <id>",
    "one request: where it stands, why it came back, the evidence of its merge",
    "barnacle mq status hq-1a2",
  ).action(async (id: string, _flags: object, command: Command) => {
    const session = open(command);
    const request = await new WorkDoor(session).read<RequestShown>("mergequeue.show", { id });
    session.out.print(request, (style) => requestText(request, style));
  });
  named(mq, "evidence <what>", "of a merge, by request, bead or commit", "barnacle mq evidence 3f2a9c1").action(
    async (what: string, _flags: object, command: Command) => {
      const session = open(command);
      const merge = await new WorkDoor(session).read<MergeRecord>("mergequeue.evidence", { of: what });
      session.out.print(merge, (style) => `${merge.branch} → ${merge.target}\n${evidenceText(merge, style)}`);
    },
  );
}

function addChanges(mq: Command, open: Open): void {
  named(mq, "retry <id>", "tries again what was sent back", "barnacle mq retry hq-1a2")
    .option("--actor <who>", "in this name")
    .action(async (id: string, flags: { actor?: string }, command: Command) => {
      const session = open(command);
      const request = await new WorkDoor(session).write<MergeRequest>("mergequeue.retry", { id }, flags.actor);
      session.out.print(request, () => `${request.id} is tried again`);
    });
  named(mq, "reject <id>", "it is not merged; its branch stays", 'barnacle mq reject hq-1a2 -r "not wanted"')
    .requiredOption("-r, --reason <text>", "why")
    .option("--actor <who>", "in this name")
    .action(async (id: string, flags: { reason: string; actor?: string }, command: Command) => {
      const session = open(command);
      const params = { id, reason: flags.reason };
      const request = await new WorkDoor(session).write<MergeRequest>("mergequeue.reject", params, flags.actor);
      session.out.print(request, () => `${request.id} is rejected`);
    });
  named(
    mq,
    "rollback <what>",
    "takes a merge back, by request, bead or commit: a revert commit, and the bead is open again",
    'barnacle mq rollback hq-1a2 -r "the gate squeaks"',
  )
    .option("-r, --reason <text>", "why")
    .option("-f, --force", "without running the rig's commands on it")
    .option("--actor <who>", "in this name")
    .action(async (what: string, flags: { reason?: string; force?: boolean; actor?: string }, command: Command) => {
      const session = open(command);
      const params = defined({ of: what, reason: flags.reason, force: flags.force });
      const run = await new WorkDoor(session).write<Run>("mergequeue.rollback", params, flags.actor);
      session.out.print(run, () => runText(run));
    });
}

function addIntegration(mq: Command, open: Open): void {
  const integration = mq.command("integration").description("branches where the work of an epic is gathered");
  named(
    integration,
    "create <epic>",
    "work below the epic is merged there",
    "barnacle mq integration create hq-9x1 --rig garden",
  )
    .requiredOption("--rig <rig>", "in this rig")
    .option("--branch <name>", "default: integration/ and the epic's title")
    .option("--base <branch>", "where it lands; default: the rig's first branch")
    .option("--actor <who>", "in this name")
    .action(
      async (
        epic: string,
        flags: { rig: string; branch?: string; base?: string; actor?: string },
        command: Command,
      ) => {
        const session = open(command);
        const params = defined({ epic, rig: flags.rig, branch: flags.branch, base: flags.base });
        const made = await new WorkDoor(session).write<IntegrationStatus>(
          "mergequeue.integrationCreate",
          params,
          flags.actor,
        );
        session.out.print(made, () => `${made.branch} gathers the work of ${made.epic} and lands on ${made.base}`);
      },
    );
  named(
    integration,
    "status [what]",
    "how far they are; one by its epic or branch",
    "barnacle mq integration status",
  ).action(async (what: string | undefined, _flags: object, command: Command) => {
    const session = open(command);
    const door = new WorkDoor(session);
    if (what === undefined) {
      const all = await door.read<IntegrationStatus[]>("mergequeue.integrations");
      session.out.list(all, INTEGRATIONS, "no integration branches");
      return;
    }
    const one = await door.read<IntegrationStatus>("mergequeue.integration", { of: what });
    session.out.print(one, () => {
      const state = one.landed ? `landed in ${one.landed}` : one.ready ? "ready to land" : "not ready";
      const left = one.open.length === 0 ? "" : `; to be merged into it: ${one.open.join(", ")}`;
      return `${one.branch} → ${one.base}: ${one.closed} of ${one.children} closed, ${state}${left}`;
    });
  });
  named(
    integration,
    "land <what>",
    "into its base, as one merge, and the epic closes",
    "barnacle mq integration land hq-9x1",
  )
    .option("-f, --force", "also when not all of it is done")
    .option("--actor <who>", "in this name")
    .action(async (what: string, flags: { force?: boolean; actor?: string }, command: Command) => {
      const session = open(command);
      const params = defined({ of: what, force: flags.force });
      const run = await new WorkDoor(session).write<Run>("mergequeue.integrationLand", params, flags.actor);
      session.out.print(run, () => runText(run));
    });
}
