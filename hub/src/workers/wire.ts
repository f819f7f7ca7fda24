import type { JsonObject } from "@barnacle/protocol/schema";

/** What a worker says on its standard output. See README.md. */
export type Said =
  | { readonly type: "heartbeat" }
  | { readonly type: "progress"; readonly percent?: number; readonly text?: string }
  | {
      readonly type: "done";
      readonly status: "COMPLETED" | "ESCALATED" | "DEFERRED";
      readonly summary?: string;
      readonly noMerge?: boolean;
    }
  | {
      readonly type: "escalate";
      readonly severity: "critical" | "high" | "medium" | "low";
      readonly subject: string;
      readonly reason?: string;
    }
  | { readonly type: "handoff"; readonly subject?: string; readonly message?: string };

/** What it is told on its standard input. */
export type Told =
  | ({ readonly type: "task"; readonly bead: string; readonly title: string; readonly prompt: string } & JsonObject)
  | { readonly type: "mail" | "nudge"; readonly text: string }
  | { readonly type: "accepted"; readonly of: string }
  | { readonly type: "refused"; readonly of: string; readonly code: string; readonly message: string }
  | { readonly type: "stop"; readonly why: string };

const LONGEST = 64 * 1024;
const TEXT = 8000;
const EXITS = ["COMPLETED", "ESCALATED", "DEFERRED"] as const;
const SEVERITIES = ["critical", "high", "medium", "low"] as const;

/** A line that says something; undefined for what is log. */
export function saidIn(line: string): Said | undefined {
  if (!line.startsWith("{") || line.length > LONGEST) return undefined;
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const text = (name: string): Record<string, string> =>
    typeof value[name] === "string" ? { [name]: value[name].slice(0, TEXT) } : {};
  switch (value.type) {
    case "heartbeat":
      return { type: "heartbeat" };
    case "progress": {
      const percent = Number(value.percent);
      const known = value.percent !== undefined && Number.isFinite(percent);
      return { type: "progress", ...(known ? { percent: Math.min(100, Math.max(0, percent)) } : {}), ...text("text") };
    }
    case "done": {
      const status = EXITS.find((exit) => exit === value.status) ?? "COMPLETED";
      return { type: "done", status, ...text("summary"), ...(value.noMerge === true ? { noMerge: true } : {}) };
    }
    case "escalate": {
      const severity = SEVERITIES.find((one) => one === value.severity) ?? "medium";
      return { type: "escalate", severity, subject: text("subject").subject ?? "help is needed", ...text("reason") };
    }
    case "handoff":
      return { type: "handoff", ...text("subject"), ...text("message") };
    default:
      return undefined;
  }
}
