import type { Style } from "../output.ts";
import { oneLine, renderFields, type TableColumn } from "../table.ts";

/** What commands show of a bead; `--json` has all of it. */
export interface Shown {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly priority: number;
  readonly issue_type: string;
  readonly assignee?: string;
  readonly labels?: readonly string[];
  readonly blocked_by?: readonly { readonly id: string }[];
  readonly [more: string]: unknown;
}

const URGENT = 1;

const COLUMNS: readonly TableColumn<Shown>[] = [
  { title: "id", value: ({ id }) => id },
  {
    title: "p",
    value: ({ priority }) => `P${priority}`,
    paint: (text, { priority }, style) => (priority <= URGENT ? style.red(text) : text),
  },
  { title: "type", value: ({ issue_type }) => issue_type },
  {
    title: "status",
    value: ({ status }) => status,
    paint: (text, { status }, style) =>
      status === "in_progress" ? style.yellow(text) : status === "closed" ? style.dim(text) : text,
  },
  { title: "who", value: ({ assignee }) => assignee },
  { title: "title", value: ({ title }) => title },
];

export const LISTED = COLUMNS;
export const BLOCKED: readonly TableColumn<Shown>[] = [
  ...COLUMNS.slice(0, 3),
  { title: "waits for", value: ({ blocked_by = [] }) => blocked_by.map(({ id }) => id).join(" ") },
  { title: "title", value: ({ title }) => title },
];

export function lineFor({ id, title, status, priority }: Shown): string {
  return `${id}  P${priority} ${status}  ${oneLine(title)}`;
}

/** One bead for a person. */
export function beadText(bead: Shown, style: Style): string {
  const text = (name: string) => (typeof bead[name] === "string" ? (bead[name] as string) : undefined);
  const edges = (name: string) =>
    ((bead[name] as readonly { id: string; title?: string; status?: string; dependency_type?: string }[]) ?? []).map(
      (edge) =>
        `  ${edge.dependency_type ?? ""} ${edge.id} ${edge.status ?? ""} ${oneLine(edge.title ?? "")}`.trimEnd(),
    );
  const fields = renderFields(
    [
      ["status", bead.status],
      ["priority", `P${bead.priority}`],
      ["type", bead.issue_type],
      ["assignee", bead.assignee],
      ["labels", bead.labels?.join(", ")],
      ["parent", text("parent")],
      ["due", text("due_at")],
      ["deferred", text("defer_until")],
      ["estimate", bead.estimated_minutes === undefined ? undefined : `${bead.estimated_minutes} min`],
      ["external", text("external_ref")],
      ["created", `${text("created_at") ?? ""} ${text("created_by") ?? ""}`.trim()],
      ["updated", text("updated_at")],
      ["closed", [text("closed_at"), text("close_reason")].filter(Boolean).join(" ")],
      ["waits", ((bead.not_ready_because as readonly string[]) ?? []).join("; ")],
    ],
    style,
  );
  const parts = [`${style.bold(bead.id)}  ${style.bold(oneLine(bead.title))}`, fields];
  for (const name of ["description", "design", "acceptance_criteria", "notes"]) {
    const found = text(name);
    if (found) parts.push(`${style.dim(name.replace("_", " "))}\n${found.trimEnd()}`);
  }
  for (const [title, lines] of [
    ["depends on", edges("dependencies")],
    ["needed by", edges("dependents")],
  ] as const) {
    if (lines.length > 0) parts.push([style.dim(title), ...lines].join("\n"));
  }
  const comments = (bead.comments ?? []) as readonly { author?: string; created_at?: string; text: string }[];
  if (comments.length > 0) {
    const lines = comments.map(
      ({ author, created_at, text }) => `  ${author ?? ""} ${created_at ?? ""}: ${oneLine(text)}`,
    );
    parts.push([style.dim("comments"), ...lines].join("\n"));
  }
  return parts.join("\n\n");
}
