import type { Sql } from "../beads/index.ts";
import { parseAddress, type WorkerRecord } from "../workers/index.ts";
import type { HookRigs } from "./ports.ts";
import type { HookReads } from "./record.ts";

export interface PrimeParts {
  readonly sql: Sql;
  readonly hooks: HookReads;
  readonly worker?: WorkerRecord | undefined;
  readonly address: string;
  readonly rigs?: Pick<HookRigs, "find"> | undefined;
}

const MANNERS = `You work alone and nobody answers questions. What hangs on your hook is yours: begin at once.
- Work in this directory and on this branch alone. Commit as you go, in small steps.
- Say that you go on: \`barnacle agents heartbeat\` at least every two minutes of long work.
- When it is done and committed: \`barnacle done --summary "what was done"\`. It pushes and hands over; then stop.
- When you cannot go on: \`barnacle done --status ESCALATED --summary "why"\`; when it should wait: \`--status DEFERRED\`.
- When your session gets long: \`barnacle handoff -s "where it stands" -m "what is next"\`; a new session goes on.
- Work that you find on the way: \`barnacle bead create "…" --deps discovered-from:<this bead>\`. Do not do it now.`;

/** What an agent is told at its start: who it is, what hangs on its hook, what its last session left. */
export function primeText({ sql, hooks, worker, address }: PrimeParts): string {
  const role = worker?.role ?? parseAddress(address)?.role ?? "agent";
  const parts = [`You are ${address}, a ${role}${worker?.rig === undefined ? "" : ` of the rig ${worker.rig}`}.`];
  const hook = hooks.of(address);
  if (!hook)
    return [...parts, "There is nothing on your hook. Look into your mail: `barnacle mail inbox`."].join("\n\n");
  const bead = hooks.beadOf(hook);
  parts.push(`On your hook: ${bead.id} (P${bead.priority ?? 2}, ${bead.issue_type ?? "task"}): ${bead.title}`);
  for (const [title, text] of [
    ["What it is about", bead.description],
    ["How", bead.design],
    ["It is done when", bead.acceptance_criteria],
    ["Notes", bead.notes],
    ["Also", hook.options.args],
  ] as const) {
    if (text) parts.push(`${title}:\n${text}`);
  }
  for (const { author, text } of (bead.comments ?? []).slice(-5))
    parts.push(`Comment of ${author ?? "somebody"}: ${text}`);
  const left = sql.one("SELECT handoff, restarts FROM workers WHERE address = ?", address);
  if (left?.handoff) parts.push(`Your last session left this:\n${left.handoff}`);
  if (Number(left?.restarts ?? 0) > 0) {
    parts.push("An earlier session ended before its work did. Look at `git status` and `git log` first, then go on.");
  }
  return [...parts, MANNERS].join("\n\n");
}
