/** The words of the bead format and what they mean. Source: the public beads project, as described for its issue files. */

export type StatusCategory = "active" | "wip" | "frozen" | "done";

/** Statuses that beads are given; any other word is kept when it is imported. `tombstone`: deleted, the line stays. */
export const STATUSES: Readonly<Record<string, StatusCategory>> = {
  open: "active",
  in_progress: "wip",
  blocked: "wip",
  hooked: "wip",
  deferred: "frozen",
  pinned: "frozen",
  closed: "done",
  tombstone: "done",
  // Convoys, before they are launched.
  staged_ready: "frozen",
  staged_warnings: "frozen",
};

/** These stand in nobody's way. */
export const OUT_OF_THE_WAY: readonly string[] = ["closed", "pinned", "tombstone"];

export const TYPES: readonly string[] =
  `task bug feature epic chore decision spike story milestone message molecule gate event agent role rig convoy slot queue merge-request`.split(
    " ",
  );

const TYPE_ALIASES: Readonly<Record<string, string>> = {
  ...{ enhancement: "feature", feat: "feature", dec: "decision", adr: "decision", investigation: "spike" },
  ...{
    issue: "task",
    debate_decision: "decision",
    timebox: "spike",
    "user-story": "story",
    user_story: "story",
    mr: "merge-request",
    mol: "molecule",
  },
};

export function canonicalType(word: string): string {
  return TYPE_ALIASES[word] ?? word;
}

/** Never offered as work to take up. */
export const NOT_WORK: readonly string[] = ["merge-request", "gate", "molecule", "message", "agent", "role", "rig"];

/** Records too, but offered where they come from: those made here are marked with `not_work`. */
export const RECORDS: readonly string[] = ["convoy", "event", "slot", "queue"];

/** What holds a bead back by the state of the other end. */
export const BLOCKING_KINDS = ["blocks", "conditional-blocks", "waits-for"] as const;
export const PARENT_CHILD = "parent-child";

/** Kinds that are known; any other is kept. Only the blocking ones and `parent-child` count for `ready`. */
export const DEPENDENCY_KINDS: readonly string[] = [
  ...BLOCKING_KINDS,
  PARENT_CHILD,
  ...`related discovered-from relates-to replies-to duplicates supersedes tracks until caused-by validates`.split(" "),
  ...`delegated-from authored-by assigned-to approved-by attests merge-blocks`.split(" "),
];

/** Kinds in which a ring of beads would hold itself back for ever. */
export function holdsBack(kind: string): boolean {
  return kind === PARENT_CHILD || (BLOCKING_KINDS as readonly string[]).includes(kind);
}

const FAILURE =
  /\b(?:fail(?:ed|ure|s)?|rejected|wont-?fix|won't fix|cancell?ed|abandoned|blocked|error|timeout|aborted)\b/i;

/** Whether the reason with which a bead was closed says that it did not succeed: then what is conditional on it may run. */
export function saysFailure(reason: string | undefined): boolean {
  return reason !== undefined && FAILURE.test(reason);
}

/** What a gate waits for; `device`: a condition of the home, `condition`: of the molecule that it stands in. */
export const AWAIT_TYPES: readonly string[] = [
  "human",
  "timer",
  "bead",
  "device",
  "condition",
  "gh:run",
  "gh:pr",
  "mail",
];

/** What a description should say, by type. */
export const HEADINGS: Readonly<Record<string, readonly string[]>> = {
  bug: ["Steps to Reproduce", "Acceptance Criteria"],
  ...{ task: ["Acceptance Criteria"], feature: ["Acceptance Criteria"], story: ["Acceptance Criteria"] },
  epic: ["Success Criteria"],
  decision: ["Decision", "Rationale", "Alternatives Considered"],
  spike: ["Goal", "Findings"],
};

/** Headings that a bead's texts lack. Acceptance criteria may stand in their own member. */
export function missingHeadings(bead: {
  readonly issue_type?: string | undefined;
  readonly description?: string | null | undefined;
  readonly acceptance_criteria?: string | null | undefined;
}): string[] {
  const text = (bead.description ?? "").toLowerCase();
  return (HEADINGS[bead.issue_type ?? "task"] ?? []).filter((heading) => {
    if (heading === "Acceptance Criteria" && bead.acceptance_criteria) return false;
    return !text.includes(heading.toLowerCase());
  });
}
