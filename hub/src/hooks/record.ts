import type { BeadRecord } from "@barnacle/protocol/beads";
import type { BeadReads, Sql } from "../beads/index.ts";
import type { Row } from "../store/index.ts";

/** How a bead was slung; kept with the hook. */
export interface HookOptions {
  /** Said to the worker besides what the bead says. */
  readonly args?: string;
  readonly runner?: string;
  readonly baseBranch?: string;
  /** Its branch is pushed and left to people. */
  readonly noMerge?: boolean;
  /** Where it is merged to; default the rig's branch. */
  readonly target?: string;
  readonly formula?: string;
}

/** What hangs on somebody's hook. */
export interface Hook {
  readonly bead: string;
  readonly agent: string;
  readonly title: string;
  readonly status: string;
  readonly hookedAt: number;
  readonly hookedBy: string;
  readonly convoy?: string;
  readonly options: HookOptions;
}

export const EXITS = ["COMPLETED", "ESCALATED", "DEFERRED"] as const;
export type Exit = (typeof EXITS)[number];

/** What became of a bead that hung on a hook. */
export interface HookEnd {
  readonly bead: string;
  readonly agent: string;
  readonly at: number;
  readonly exit: Exit | "UNSLUNG" | "RECOVERED" | "ABANDONED";
  readonly summary?: string;
  readonly branch?: string;
  readonly commit?: string;
  readonly mergeRequest?: string;
}

/** Statuses of beads on hooks. */
export const ON_HOOK: readonly string[] = ["hooked", "in_progress"];

/** Every question about hooks. A hook whose bead went another way (closed, given to somebody else) counts for nothing. */
export class HookReads {
  readonly #sql: Sql;
  readonly #beads: BeadReads;

  constructor(sql: Sql, beads: BeadReads) {
    this.#sql = sql;
    this.#beads = beads;
  }

  /** Everything on a hook, the present work first. */
  queue(address: string): Hook[] {
    return this.#sql.all("SELECT * FROM hooks WHERE address = ? ORDER BY seq", address).flatMap((row) => this.#of(row));
  }

  of(address: string): Hook | undefined {
    return this.queue(address)[0];
  }

  ofBead(bead: string): Hook | undefined {
    const row = this.#sql.one("SELECT * FROM hooks WHERE bead = ?", bead);
    return row && this.#of(row)[0];
  }

  list(): Hook[] {
    return this.#sql.all("SELECT * FROM hooks ORDER BY seq").flatMap((row) => this.#of(row));
  }

  /** Beads whose hook counts for nothing any more, with whose it was. */
  void(beads: readonly string[]): { readonly bead: string; readonly agent: string }[] {
    return beads.flatMap((bead) => {
      const row = this.#sql.one("SELECT * FROM hooks WHERE bead = ?", bead);
      return row && this.#of(row).length === 0 ? [{ bead, agent: String(row.address) }] : [];
    });
  }

  /** The latest, newest first. */
  ends(bead: string): HookEnd[] {
    return this.#sql.all("SELECT * FROM hook_ends WHERE bead = ? ORDER BY seq DESC LIMIT 50", bead).map(endOf);
  }

  lastEndOf(address: string): HookEnd | undefined {
    const row = this.#sql.one("SELECT * FROM hook_ends WHERE address = ? ORDER BY seq DESC LIMIT 1", address);
    return row && endOf(row);
  }

  beadOf(hook: Hook): BeadRecord {
    return this.#beads.get(hook.bead);
  }

  #of(row: Row): Hook[] {
    const bead = this.#beads.find(String(row.bead));
    const agent = String(row.address);
    if (!bead || !ON_HOOK.includes(bead.status ?? "open") || bead.assignee !== agent) return [];
    const options: HookOptions = JSON.parse(String(row.options));
    return [
      {
        ...{ bead: bead.id, agent, title: bead.title, status: String(bead.status) },
        ...{ hookedAt: Number(row.hooked_at), hookedBy: String(row.hooked_by) },
        ...(row.convoy === null ? {} : { convoy: String(row.convoy) }),
        options,
      },
    ];
  }
}

function endOf(row: Row): HookEnd {
  const optional = {
    summary: row.summary,
    branch: row.branch,
    commit: row.commit_sha,
    mergeRequest: row.merge_request,
  };
  return {
    ...{ bead: String(row.bead), agent: String(row.address), at: Number(row.at) },
    exit: String(row.exit) as HookEnd["exit"],
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== null)),
  };
}
