import type { BeadRecord } from "@barnacle/protocol/beads";
import type { Goal } from "./goals.ts";

/** What who asked reads when a goal is reached. */
export function doneText(goal: Goal, beads: readonly BeadRecord[], now: number): { subject: string; body: string } {
  const minutes = Math.round((now - goal.createdAt) / 60_000);
  const lines = beads.map(({ id, title, status, close_reason }) => {
    const how = status === "tombstone" ? "deleted" : (close_reason ?? "closed");
    return `- ${id} ${title}: ${how}`;
  });
  const facts = [`Goal: ${goal.id}`, `Convoy: ${goal.convoy}`, `Beads: ${beads.length}`, `Minutes: ${minutes}`];
  return { subject: `Done: ${goal.title}`.slice(0, 500), body: [...facts, "", ...lines].join("\n") };
}

export function stuckText(goal: Goal, beads: readonly BeadRecord[]): { subject: string; body: string } {
  const lines = beads.map(({ id, title, notes }) => {
    const last = notes?.trim().split("\n").at(-1);
    return `- ${id} ${title}${last === undefined ? "" : `: ${last}`}`;
  });
  const what = beads.length === 1 ? (beads[0]?.id ?? "") : `${beads.length} beads`;
  const advice = "They were tried as often as they may be. Mend what is in the way, then open them again.";
  return {
    subject: `Needs you: ${what} of "${goal.title}"`.slice(0, 500),
    body: [`Goal: ${goal.id}`, `Convoy: ${goal.convoy}`, "", ...lines, "", advice].join("\n"),
  };
}
