import type { IntegrationStatus, MergeRecord, MergeRequest, RefineryStatus, Run } from "../../refinery/index.ts";
import type { Style } from "../output.ts";
import { oneLine, renderFields, type TableColumn } from "../table.ts";

export type RequestShown = MergeRequest & { readonly merge?: MergeRecord };

const SHORT = 12;

/** What there is to say of where it stands, in one word. */
export function stateWord({ state, blocked, rework, close_reason, rolled_back }: MergeRequest): string {
  if (rolled_back) return "taken back";
  if (state === "closed") return close_reason ?? "closed";
  if (state === "in_progress") return "merging";
  if (blocked || rework?.reason === "conflict") return "conflict";
  return rework ? "rework" : "waiting";
}

export const REQUESTS: readonly TableColumn<MergeRequest>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "rig", value: ({ rig }) => rig },
  {
    title: "state",
    value: stateWord,
    paint: (text, request, style) => paintState(text, stateWord(request), style),
  },
  { title: "p", value: ({ priority }) => `P${priority}` },
  { title: "score", value: ({ score, state }) => (state === "closed" ? "" : Math.round(score)) },
  { title: "branch", value: ({ branch }) => branch },
  { title: "target", value: ({ target }) => target },
  { title: "title", value: ({ title }) => title.replace(/^Merge: /, "") },
];

export const MERGES: readonly TableColumn<MergeRecord>[] = [
  { title: "commit", value: ({ merged }) => merged.slice(0, SHORT) },
  { title: "at", value: ({ at }) => timeText(at) },
  { title: "rig", value: ({ rig }) => rig },
  { title: "target", value: ({ target }) => target },
  { title: "branch", value: ({ branch }) => branch },
  { title: "bead", value: ({ source }) => source },
  { title: "request", value: ({ request }) => request },
  { title: "taken back", value: ({ rolledBack }) => rolledBack?.slice(0, SHORT) },
];

export const REFINERIES: readonly TableColumn<RefineryStatus>[] = [
  { title: "rig", value: ({ rig }) => rig },
  { title: "state", value: ({ state }) => state, paint: (text, { state }, style) => paintState(text, state, style) },
  { title: "waiting", value: ({ pending }) => pending },
  { title: "merging", value: ({ inFlight }) => inFlight },
  { title: "sent back", value: ({ blocked }) => blocked },
  { title: "now", value: ({ run }) => run && `${run.kind} ${run.run}: ${run.gate ?? run.stage}` },
  { title: "last merge", value: ({ lastMerge }) => lastMerge && `${lastMerge.branch} ${timeText(lastMerge.at)}` },
  { title: "why", value: ({ reason }) => reason?.slice(0, 80) },
];

export const INTEGRATIONS: readonly TableColumn<IntegrationStatus>[] = [
  { title: "epic", value: ({ epic }) => epic },
  { title: "rig", value: ({ rig }) => rig },
  { title: "branch", value: ({ branch }) => branch },
  { title: "base", value: ({ base }) => base },
  { title: "closed", value: ({ closed, children }) => `${closed}/${children}` },
  { title: "to merge", value: ({ open }) => open.length },
  {
    title: "state",
    value: ({ landed, ready }) => (landed ? `landed ${landed.slice(0, SHORT)}` : ready ? "ready" : "open"),
  },
];

export function requestText(request: RequestShown, style: Style): string {
  const { merge, rework } = request;
  const fields = renderFields(
    [
      ["state", stateWord(request)],
      ["rig", request.rig],
      ["branch", `${request.branch} at ${request.commit_sha.slice(0, SHORT)}`],
      ["target", request.target],
      ["bead", request.source_issue],
      ["worker", request.worker],
      ["priority", `P${request.priority}`],
      ["score", request.state === "closed" ? undefined : request.score],
      ["tries", request.retry_count === 0 ? undefined : request.retry_count],
      ["convoy", request.convoy_id],
      ["task", request.conflict_task_id],
      ["merged in", request.merge_commit],
      ["taken back in", request.rolled_back],
    ],
    style,
  );
  const back = rework
    ? ["", style.yellow(`sent back (${rework.reason}), tried on ${rework.base.slice(0, SHORT)}`), rework.text]
    : [];
  const log = rework?.log ?? merge?.log;
  return [
    `${style.bold(request.id)}  ${oneLine(request.title)}`,
    fields,
    ...back,
    ...(merge ? ["", evidenceText(merge, style)] : []),
    ...(log ? [style.dim(`log: ${log}`)] : []),
  ].join("\n");
}

export function evidenceText({ base, commits, gates, at, who, tested }: MergeRecord, style: Style): string {
  const lines = gates.map(({ name, exitCode, durationMs, commit, timedOut }) => {
    const mark = exitCode === 0 ? style.green("ok ") : style.red("red");
    const end = timedOut ? "out of time" : `exit ${exitCode ?? "none"}`;
    return `  ${mark} ${name.padEnd(9)} ${end}, ${(durationMs / 1000).toFixed(1)} s, on ${commit.slice(0, SHORT)}`;
  });
  return [
    `${style.dim("merged")} ${timeText(at)} by ${who}, on ${base.slice(0, SHORT)}, tested as ${tested.slice(0, SHORT)}`,
    ...commits.map(({ sha, subject, author }) => `  ${sha.slice(0, SHORT)} ${oneLine(subject)} ${style.dim(author)}`),
    ...(lines.length > 0 ? lines : [style.dim("  no commands were run")]),
  ].join("\n");
}

export function runText({ run, kind, outcome, tip, target }: Run): string {
  return `${kind} ${run}: ${outcome ?? "waiting"}${tip ? ` in ${tip.slice(0, SHORT)}` : ""} on ${target}`;
}

function paintState(text: string, word: string, style: Style): string {
  if (word === "merging" || word === "processing") return style.yellow(text);
  if (["rework", "conflict", "blocked", "rejected"].includes(word)) return style.red(text);
  if (word === "merged") return style.green(text);
  return word === "waiting" || word === "idle" ? text : style.dim(text);
}

function timeText(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}
