import { BarnacleError } from "@barnacle/protocol/errors";
import { edgesOf } from "./values.ts";

/** Of `createMany`. */
export type Planned = Record<string, unknown> & { readonly title: string };

const MEMBERS: Readonly<Record<string, string>> = {
  ...{ priority: "priority", type: "issue_type", assignee: "assignee", design: "design", description: "description" },
  ...{ "acceptance criteria": "acceptance_criteria", acceptance: "acceptance_criteria", notes: "notes" },
};

/**
 * Beads written as a text: `## Title`, its description, then `### Priority`, `### Type`, `### Labels`, `### Assignee`, `### Design`,
 * `### Acceptance Criteria`, `### Dependencies`.
 * @throws USAGE
 */
export function beadsOfMarkdown(text: string): Planned[] {
  const sections = text.split(/^## +(?=\S)/m).slice(1);
  if (sections.length === 0)
    throw new BarnacleError("USAGE", "the file has no bead: expected lines such as `## Fix the gate`");
  return sections.map((section) => {
    const [head = "", ...rest] = section.split(/^### +(?=\S)/m);
    const [title = "", ...description] = head.split("\n");
    const bead: Record<string, unknown> & { title: string } = { title: title.trim() };
    if (description.join("\n").trim() !== "") bead.description = description.join("\n").trim();
    for (const part of rest) {
      const end = part.indexOf("\n");
      const name = part
        .slice(0, end < 0 ? undefined : end)
        .trim()
        .toLowerCase();
      const value = end < 0 ? "" : part.slice(end + 1).trim();
      if (value === "") continue;
      if (name === "labels") bead.labels = wordsOf(value);
      else if (name === "dependencies") bead.dependencies = wordsOf(value).flatMap(edgesOf);
      else if (MEMBERS[name]) bead[MEMBERS[name]] = value;
      else
        throw new BarnacleError(
          "USAGE",
          `"### ${name}" is not known; expected ${Object.keys(MEMBERS).join(", ")}, labels, dependencies`,
        );
    }
    return bead;
  });
}

/** A plan: a list of beads, or `{issues|beads: […]}`; `as` names one for `parent`, `needs` and `dependencies` of others. @throws USAGE */
export function beadsOfPlan(value: unknown): Planned[] {
  const list = Array.isArray(value)
    ? value
    : ((value as Record<string, unknown>)?.beads ?? (value as Record<string, unknown>)?.issues);
  if (!Array.isArray(list)) throw new BarnacleError("USAGE", 'the plan: expected a list of beads, or {"beads": […]}');
  return list.map((one: Planned & { readonly needs?: readonly string[] }, i) => {
    if (typeof one?.title !== "string") throw new BarnacleError("USAGE", `the plan, bead ${i + 1}: expected a title`);
    const { needs = [], ...rest } = one;
    const edges = [...needs.map((on) => ({ on })), ...((rest.dependencies as object[] | undefined) ?? [])];
    return { ...rest, ...(edges.length > 0 ? { dependencies: edges } : {}) };
  });
}

function wordsOf(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((one) => one.replace(/^[-*] /, "").trim())
    .filter((one) => one !== "");
}
