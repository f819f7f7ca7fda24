import type { ConvoyView, TrackedView } from "../../convoys/index.ts";
import type { Style } from "../output.ts";
import { oneLine, renderFields, type TableColumn } from "../table.ts";

export const CONVOYS: readonly TableColumn<ConvoyView>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "done", value: ({ completed, total }) => `${completed}/${total}` },
  { title: "%", value: ({ percent }) => percent },
  { title: "state", value: ({ state }) => state, paint: (text, { state }, style) => painted(text, state, style) },
  { title: "title", value: ({ title }) => title },
];

const BAD = new Set(["ready", "stuck", "waiting", "empty"]);

function painted(text: string, state: string, style: Style): string {
  if (BAD.has(state)) return style.yellow(text);
  return state === "landed" || state === "cancelled" ? style.dim(text) : text;
}

export function convoyLine({ id, completed, total, state, title }: ConvoyView): string {
  return `${id}  ${completed}/${total} ${state}  ${oneLine(title)}`;
}

/** One convoy for a person. */
export function convoyText(convoy: ConvoyView, style: Style): string {
  const { completed, total, percent, failed, landings } = convoy;
  const names = (list: readonly string[] | undefined) => list?.join(", ");
  const fields = renderFields(
    [
      ["state", `${convoy.state} (${convoy.status})`],
      ["done", `${completed}/${total} ${percent}%${failed > 0 ? `, ${failed} failed` : ""}`],
      ["ready", names(convoy.ready)],
      ["unknown", names(convoy.unresolved)],
      ["waits for", names(convoy.waits_for)],
      ["depends on", names(convoy.depends_on)],
      ["part of", convoy.parent ?? ""],
      ["contains", names(convoy.children)],
      ["owner", convoy.owner],
      ["notify", convoy.notify],
      ["watchers", names(convoy.watchers)],
      ["nudged", names(convoy.nudge_watchers)],
      ["merge", convoy.merge_strategy],
      ["base", convoy.base_branch],
      ["landed by", convoy.owned ? "its owner (barnacle convoy land)" : ""],
      ["created", `${convoy.created_at} ${convoy.created_by}`.trim()],
      ["closed", [convoy.closed_at, convoy.close_reason].filter((part) => part).join(" ")],
      ["landings", landings > 1 ? landings : undefined],
    ],
    style,
  );
  const tracked = convoy.tracked.map((bead) => `  ${trackedLine(bead, style)}`);
  return [
    `${style.bold(convoy.id)}  ${style.bold(oneLine(convoy.title))}`,
    fields,
    ...(convoy.description === "" ? [] : [convoy.description]),
    ...(tracked.length === 0 ? [] : [[style.dim("tracks"), ...tracked].join("\n")]),
  ].join("\n\n");
}

export function trackedLine({ id, title, status, blocked, worker, assignee }: TrackedView, style: Style): string {
  const mark = status === "closed" ? "✓" : blocked ? "·" : worker === "" ? "○" : "●";
  const who = worker || assignee;
  const text = `${mark} ${id}  ${status}${blocked ? " (blocked)" : ""}${who === "" ? "" : ` ${who}`}  ${oneLine(title)}`;
  return status === "closed" ? style.dim(text) : text;
}

/** Convoys inside convoys, with what they track. */
export function treeText(convoys: readonly ConvoyView[], style: Style): string {
  const known = new Map(convoys.map((convoy) => [convoy.id, convoy]));
  const lines = (convoy: ConvoyView, depth: number): string[] => {
    const indent = "  ".repeat(depth);
    return [
      `${indent}${convoyLine(convoy)}`,
      ...convoy.tracked.map((bead) => `${indent}  ${trackedLine(bead, style)}`),
      ...convoy.children.flatMap((id) => {
        const child = known.get(id);
        return child ? lines(child, depth + 1) : [];
      }),
    ];
  };
  const tops = convoys.filter(({ parent }) => parent === null || !known.has(parent));
  return tops.flatMap((convoy) => lines(convoy, 0)).join("\n");
}
