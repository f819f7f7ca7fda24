/** What one event says of a run, whichever era's. */
export interface RunNews {
  readonly runId: string;
  readonly sessionKey: string;
  /** Only a sign that the agent is at work: its own events bear other ids than the chat's at gateways of January. */
  readonly working?: true;
  /** All text so far, where the event carries it. */
  readonly text?: string;
  /** What came since the last event, where it carries only that. */
  readonly delta?: string;
  readonly end?: "done" | "aborted" | "error";
  readonly problem?: string;
}

interface Wire {
  readonly runId?: unknown;
  readonly sessionKey?: unknown;
  readonly state?: unknown;
  readonly message?: { readonly content?: unknown; readonly text?: unknown };
  readonly deltaText?: unknown;
  readonly errorMessage?: unknown;
}

/** Undefined for events that are of no run. */
export function newsOf(event: string, payload: unknown): RunNews | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const wire = payload as Wire;
  const { runId, sessionKey } = wire;
  if (typeof runId !== "string" || typeof sessionKey !== "string") return undefined;
  const about = { runId, sessionKey };
  if (event === "agent") return { ...about, working: true };
  return event === "chat" ? { ...about, ...chatNews(wire) } : undefined;
}

function chatNews({ state, message, deltaText, errorMessage }: Wire): Omit<RunNews, "runId" | "sessionKey"> {
  const text = textOf(message);
  const all = text === undefined ? {} : { text };
  switch (state) {
    case "delta":
      return text === undefined && typeof deltaText === "string" ? { delta: deltaText } : all;
    case "final":
      return { ...all, end: "done" };
    case "aborted":
      return { ...all, end: "aborted" };
    case "error":
      return { end: "error", problem: words(errorMessage) };
    default:
      return {};
  }
}

function textOf(message: Wire["message"]): string | undefined {
  if (typeof message?.text === "string") return message.text;
  const { content } = message ?? {};
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return undefined;
  const parts = content.flatMap((part: { type?: unknown; text?: unknown }) =>
    part?.type === "text" && typeof part.text === "string" ? [part.text] : [],
  );
  return parts.length === 0 ? undefined : parts.join("");
}

function words(problem: unknown): string {
  return typeof problem === "string" && problem !== "" ? problem.slice(0, 300) : "no reason was given";
}

/** Gateways put `agent:<id>:` before the key that a node named. */
export function sameSession(wire: string, own: string): boolean {
  const [a, b] = [wire.toLowerCase(), own.toLowerCase()];
  return a === b || a.replace(/^agent:[^:]+:/, "") === b;
}
