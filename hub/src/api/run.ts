import { BarnacleError } from "@barnacle/protocol/errors";
import type { RunOutcome, RunRequest } from "../services.ts";
import type { ApiParts } from "./parts.ts";

/**
 * One run to its end, telling of each new piece of text.
 * @throws what the run failed with
 */
export async function runToEnd(
  parts: Pick<ApiParts, "runs">,
  request: RunRequest,
  onText: (delta: string) => void,
): Promise<RunOutcome> {
  const { runs } = parts;
  const listener = {};
  runs.events.on(
    "agent",
    ({ runId, stream, data }) => {
      if (runId === request.runId && stream === "assistant") onText(String(data.delta ?? ""));
    },
    listener,
  );
  try {
    const outcome = await (await runs.start(request)).done;
    if (outcome.status === "ok") return outcome;
    const { error } = outcome;
    throw error
      ? new BarnacleError(error.code, error.message)
      : new BarnacleError("CONFLICT", "the run was stopped before it had an answer");
  } finally {
    runs.events.dropOwner(listener);
  }
}
