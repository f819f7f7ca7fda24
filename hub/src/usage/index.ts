import type { Usage, UsageDay } from "../services.ts";
import type { Store } from "../store/index.ts";

/** What the transcripts say that answers cost. Reads only. */
export class TranscriptUsage implements Usage {
  readonly #store: Store;

  constructor(options: { store: Store }) {
    this.#store = options.store;
  }

  daily(sinceMs: number): readonly UsageDay[] {
    const rows = this.#store.all(
      "SELECT date(at / 1000, 'unixepoch') AS date, SUM(message ->> '$.usage.input') AS input, " +
        "SUM(message ->> '$.usage.output') AS output, SUM(message ->> '$.usage.totalTokens') AS total " +
        "FROM transcript WHERE role = 'assistant' AND at >= ? GROUP BY 1 HAVING total > 0 ORDER BY 1",
      sinceMs,
    );
    return rows.map(({ date, input, output, total }) => ({
      ...{ date: String(date), input: Number(input), output: Number(output), totalTokens: Number(total) },
    }));
  }
}
