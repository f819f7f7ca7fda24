import type { RunOutcome, RunRequest } from "../services.ts";
import type { SessionKey } from "../sessions/index.ts";
import type { RunStream } from "./stream.ts";

export type AbortReason = "rpc" | "stop" | "timeout" | "hub-stopping";

/** One run from its acceptance to ten minutes after its end. */
export class Run {
  readonly request: RunRequest;
  readonly target: SessionKey;
  /** The message is in the transcript already: an earlier process put it there. */
  readonly resumed: boolean;
  readonly acceptedAt: number;
  readonly controller = new AbortController();
  /** Settles once the request is on disk; rejects when it could not be put there. */
  readonly accepted = Promise.withResolvers<void>();
  readonly #done = Promise.withResolvers<RunOutcome>();
  sessionId: string;
  state: "waiting" | "running" | "ended" = "waiting";
  startedAt = 0;
  stream: RunStream | undefined;
  outcome: RunOutcome | undefined;
  abortReason: AbortReason | undefined;

  constructor(options: {
    request: RunRequest;
    target: SessionKey;
    sessionId: string;
    acceptedAt: number;
    resumed?: boolean;
  }) {
    this.request = options.request;
    this.target = options.target;
    this.sessionId = options.sessionId;
    this.acceptedAt = options.acceptedAt;
    this.resumed = options.resumed ?? false;
    // Whoever waits for it hears of a failure; with nobody waiting it is not a fault of the process.
    this.accepted.promise.catch(() => {});
  }

  get done(): Promise<RunOutcome> {
    return this.#done.promise;
  }

  /** False: it had ended, or is ending, already. */
  abort(reason: AbortReason): boolean {
    if (this.state === "ended" || this.abortReason) return false;
    this.abortReason = reason;
    this.controller.abort();
    return true;
  }

  end(outcome: RunOutcome): void {
    this.state = "ended";
    this.outcome = outcome;
    this.#done.resolve(outcome);
  }
}
