import type { RunOutcome, RunRequest } from "../services.ts";
import type { Row, Store } from "../store/index.ts";

export interface StoredRun {
  readonly request: RunRequest;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly begun: boolean;
  readonly acceptedAt: number;
  readonly outcome?: RunOutcome;
}

/** SQL of runs; what writes is synchronous, to be called inside a commit. */
export class RunTable {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get(runId: string): StoredRun | undefined {
    const row = this.#store.one("SELECT * FROM agent_runs WHERE run_id = ?", runId);
    return row && toRun(row);
  }

  insert(request: RunRequest, session: { key: string; sessionId: string }, at: number): void {
    this.#store.run(
      "INSERT INTO agent_runs (run_id, session_key, session_id, request, begun, accepted_at) VALUES (?, ?, ?, ?, 0, ?)",
      request.runId,
      session.key,
      session.sessionId,
      JSON.stringify(request),
      at,
    );
  }

  begin(runId: string, sessionId: string): void {
    this.#store.run("UPDATE agent_runs SET begun = 1, session_id = ? WHERE run_id = ?", sessionId, runId);
  }

  /** Pictures are not kept with a run that has ended. */
  end(request: RunRequest, outcome: RunOutcome): void {
    const { attachments: _dropped, ...kept } = request;
    this.#store.run(
      "UPDATE agent_runs SET outcome = ?, ended_at = ?, request = ? WHERE run_id = ?",
      JSON.stringify(outcome),
      outcome.endedAt,
      JSON.stringify(kept),
      request.runId,
    );
  }

  /** Those without an outcome, in the order in which they were accepted. */
  open(): StoredRun[] {
    return this.#store.all("SELECT * FROM agent_runs WHERE outcome IS NULL ORDER BY accepted_at, rowid").map(toRun);
  }

  prune(before: number): number {
    return this.#store.run("DELETE FROM agent_runs WHERE outcome IS NOT NULL AND ended_at < ?", before);
  }
}

function toRun(row: Row): StoredRun {
  return {
    request: JSON.parse(String(row.request)) as RunRequest,
    sessionKey: String(row.session_key),
    sessionId: String(row.session_id),
    begun: row.begun === 1,
    acceptedAt: Number(row.accepted_at),
    ...(row.outcome === null ? {} : { outcome: JSON.parse(String(row.outcome)) as RunOutcome }),
  };
}
