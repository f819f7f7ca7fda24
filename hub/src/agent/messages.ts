import type { BarnacleError, ErrorShape } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { RunRequest, RunUsage } from "../services.ts";

/** What was said to the agent, as it stands in the transcript. Pictures are named, not kept. */
export function userMessage(request: RunRequest, at: number): JsonObject {
  const pictures = (request.attachments ?? []).map(({ mimeType, fileName }) => ({
    ...{ type: "image", mimeType, omitted: true },
    ...(fileName === undefined ? {} : { fileName }),
  }));
  const { principal, source, room, origin } = request;
  return {
    role: "user",
    content: [{ type: "text", text: request.message }, ...pictures],
    timestamp: at,
    source,
    // Operators are the household's owner; who else speaks is told.
    ...(principal.kind === "operator" || principal.name === undefined ? {} : { senderLabel: principal.name }),
    ...(room === undefined ? {} : { room }),
    ...(origin === undefined ? {} : { origin }),
  };
}

export interface AssistantFacts {
  readonly text: string;
  readonly at: number;
  readonly stopReason: string;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly usage?: RunUsage | undefined;
  readonly error?: ErrorShape | undefined;
}

/** What the agent said. An error stands in the text too, because not every reader looks elsewhere. */
export function assistantMessage(facts: AssistantFacts): JsonObject {
  const { text, at, stopReason, error, usage } = facts;
  const shown = error === undefined ? text : [text, `⚠️ ${error.message}`].filter((part) => part !== "").join("\n\n");
  return {
    role: "assistant",
    content: shown === "" ? [] : [{ type: "text", text: shown }],
    timestamp: at,
    stopReason,
    api: "barnacle",
    provider: facts.provider ?? "barnacle",
    model: facts.model ?? "home",
    usage: usageOnWire(usage),
    ...(error === undefined ? {} : { errorMessage: error.message, errorCode: error.code }),
  };
}

export function usageOnWire(usage: RunUsage | undefined): JsonObject {
  const { input = 0, output = 0, total = 0 } = usage ?? {};
  return { input, output, cacheRead: 0, cacheWrite: 0, totalTokens: total, cost: { total: 0 } };
}

/** Source: gateway protocol 4, `chat` events of state `error`. */
export function errorKind({ code, details }: BarnacleError): string {
  if (details?.errorKind !== undefined) return String(details.errorKind);
  if (code === "TIMEOUT") return "timeout";
  return code === "RATE_LIMITED" ? "rate_limit" : "unknown";
}
