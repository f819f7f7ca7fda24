import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql, WritableSql } from "../beads/index.ts";

/** Who is mayor of a workspace. Times: ms since 1970. */
export interface Lease {
  readonly workspace: string;
  /** `hub`, or the name of who does it in its place. */
  readonly holder: string;
  /** Which run of the holder: another one of the same name is not the same mayor. */
  readonly process: string;
  readonly takenAt: number;
  readonly beatenAt: number;
  readonly until: number;
  /** Counts those who were mayor. */
  readonly term: number;
}

export const HUB = "hub";

/** Who wants to be, or is. */
export interface Candidate {
  readonly holder: string;
  readonly process: string;
}

/** One mayor for each workspace: who has the lease is it, until it ends or is given back. */
export class MayorLeases {
  readonly #sql: Sql | WritableSql;

  constructor(sql: Sql | WritableSql) {
    this.#sql = sql;
  }

  find(workspace: string): Lease | undefined {
    const row = this.#sql.one("SELECT * FROM mayor_leases WHERE workspace = ?", workspace);
    if (!row) return undefined;
    return {
      ...{ workspace, holder: String(row.holder), process: String(row.process), term: Number(row.term) },
      ...{ takenAt: Number(row.taken_at), beatenAt: Number(row.beaten_at), until: Number(row.until) },
    };
  }

  workspaces(): string[] {
    return this.#sql.all("SELECT workspace FROM mayor_leases ORDER BY workspace").map((row) => String(row.workspace));
  }

  /** Who is mayor now. A hub's lease ends with its process: only one can have this store. */
  holderOf(workspace: string, now: number, hubProcess: string): Lease | undefined {
    const lease = this.find(workspace);
    if (!lease || lease.until <= now) return undefined;
    return lease.holder !== HUB || lease.process === hubProcess ? lease : undefined;
  }

  /**
   * Within a transaction.
   * @throws CONFLICT naming who is mayor, since when and until when
   */
  take(workspace: string, candidate: Candidate, now: number, leaseMs: number, hubProcess: string): Lease {
    const mayor = this.holderOf(workspace, now, hubProcess);
    if (mayor) throw taken(mayor, now);
    const term = (this.find(workspace)?.term ?? 0) + 1;
    const lease = { workspace, ...candidate, takenAt: now, beatenAt: now, until: now + leaseMs, term };
    (this.#sql as WritableSql).run(
      `INSERT INTO mayor_leases (workspace, holder, process, taken_at, beaten_at, until, term) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (workspace) DO UPDATE SET holder = excluded.holder, process = excluded.process,
         taken_at = excluded.taken_at, beaten_at = excluded.beaten_at, until = excluded.until, term = excluded.term`,
      ...[workspace, candidate.holder, candidate.process, now, now, lease.until, term],
    );
    return lease;
  }

  /** @returns false when it is somebody else's, or over */
  beat(workspace: string, { holder, process }: Candidate, now: number, leaseMs: number): boolean {
    return (
      (this.#sql as WritableSql).run(
        "UPDATE mayor_leases SET beaten_at = ?, until = ? WHERE workspace = ? AND holder = ? AND process = ? AND until > ?",
        ...[now, now + leaseMs, workspace, holder, process, now],
      ) > 0
    );
  }

  /** Ends it, whoever has it; the count of terms stays. */
  end(workspace: string, now: number): void {
    (this.#sql as WritableSql).run(
      "UPDATE mayor_leases SET until = ? WHERE workspace = ? AND until > ?",
      ...[now, workspace, now],
    );
  }
}

function taken({ workspace, holder, takenAt, until }: Lease, now: number): BarnacleError {
  const since = new Date(takenAt).toISOString();
  const left = Math.max(1, Math.round((until - now) / 1000));
  return new BarnacleError(
    "CONFLICT",
    `${workspace} has a mayor: ${holder}, since ${since}; without a heartbeat it ends in ${left} s`,
    {
      hint: "Stop it first (barnacle mayor stop), or wait until its lease ends.",
      details: { workspace, holder, until: new Date(until).toISOString() },
    },
  );
}
