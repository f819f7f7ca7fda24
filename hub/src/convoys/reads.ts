import type { BeadRecord } from "@barnacle/protocol/beads";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { BeadReads, Sql } from "../beads/index.ts";
import { knotOf } from "./knot.ts";
import type { Liveness } from "./ports.ts";
import { CONVOY, heldBy, trackersOf } from "./tracked.ts";
import { type ConvoyView, viewConvoy } from "./view.ts";

export interface ConvoyFilter {
  /** Also closed ones. */
  readonly all?: boolean | undefined;
  /** In these states only: `open,closed`. */
  readonly status?: string | undefined;
  /** Those that track this bead. */
  readonly bead?: string | undefined;
}

/** An open convoy with work that nobody does, or without any. */
export interface Stranded {
  readonly id: string;
  readonly title: string;
  readonly tracked_count: number;
  readonly ready_count: number;
  readonly ready_issues: readonly string[];
  readonly created_at: string;
  readonly base_branch: string;
}

export interface Landing {
  readonly convoy: string;
  /** 1: the first. */
  readonly number: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly who: string;
  readonly reason: string;
  readonly forced: boolean;
  readonly evidence: unknown;
}

/** Who makes a convoy adds to it for a while: an empty one is no reproach so long. */
export const EMPTY_MS = 5 * 60_000;

/** Every question about convoys. Works on the hub's store and on a file opened for reading alike. */
export class ConvoyReads {
  readonly #sql: Sql;
  readonly #beads: BeadReads;
  readonly #now: () => number;
  readonly #workers: Liveness | undefined;

  constructor(sql: Sql, beads: BeadReads, now: () => number, workers?: Liveness) {
    this.#sql = sql;
    this.#beads = beads;
    this.#now = now;
    this.#workers = workers;
  }

  /** The bead of a convoy by its id or a part of it. @throws BEAD_UNKNOWN, CONFLICT, CONVOY_REFUSED when it is another bead */
  need(part: string): BeadRecord {
    const bead = this.#beads.get(this.#beads.resolve(part));
    if (bead.issue_type === CONVOY && bead.status !== "tombstone") return bead;
    throw new BarnacleError("CONVOY_REFUSED", `${bead.id} is no convoy but a ${bead.issue_type} (${bead.status})`, {
      details: { id: bead.id },
    });
  }

  /** @throws as `need` */
  get(part: string): ConvoyView {
    return this.view(this.need(part));
  }

  view(bead: BeadRecord): ConvoyView {
    return viewConvoy({ sql: this.#sql, now: this.#now(), workers: this.#workers }, bead);
  }

  /** Latest first. @throws INPUT_INVALID */
  list({ all = false, status, bead }: ConvoyFilter = {}): ConvoyView[] {
    const states = status?.split(",").map((word) => word.trim());
    const beads = bead === undefined ? this.#all() : trackersOf(this.#sql, this.#beads.resolve(bead));
    return beads
      .filter((one) => (states ? states.includes(one.status) : all || bead !== undefined || one.status !== "closed"))
      .map((one) => this.view(one));
  }

  /** Those that are launched, oldest first. */
  open(): BeadRecord[] {
    return this.#sql
      .all(
        `SELECT line FROM beads INDEXED BY beads_convoys WHERE issue_type = '${CONVOY}' AND status = 'open' ORDER BY seq`,
      )
      .map((row) => JSON.parse(String(row.line)));
  }

  /** Ids of the convoys that track a bead, those that are not closed first. */
  trackedBy(bead: string): string[] {
    return trackersOf(this.#sql, bead).map(({ id }) => id);
  }

  /** Why a bead must not be started though it may be ready; see `heldBy`. */
  heldBy(bead: string): ReturnType<typeof heldBy> {
    return heldBy(this.#sql, bead);
  }

  /** Oldest first. */
  stranded(): Stranded[] {
    return this.open()
      .map((bead) => this.view(bead))
      .filter(
        (view) =>
          (view.ready.length > 0 && view.waits_for.length === 0) || (view.state === "empty" && this.#isOld(view)),
      )
      .map((view) => ({
        ...{ id: view.id, title: view.title, tracked_count: view.total, ready_count: view.ready.length },
        ...{ ready_issues: view.ready, created_at: view.created_at, base_branch: view.base_branch ?? "" },
      }));
  }

  /** Rings of convoys and beads that came about by edges of beads. */
  knots(): { readonly id: string; readonly ring: readonly string[] }[] {
    return this.open().flatMap(({ id }) => {
      const ring = knotOf(this.#sql, id);
      return ring ? [{ id, ring }] : [];
    });
  }

  landings(convoy: string): Landing[] {
    return this.#sql.all("SELECT * FROM convoy_landings WHERE convoy = ? ORDER BY number", convoy).map((row) => ({
      ...{ convoy, number: Number(row.number), at: Number(row.at), who: String(row.who), reason: String(row.reason) },
      ...{ forced: row.forced === 1, evidence: JSON.parse(String(row.evidence)) },
    }));
  }

  #all(): BeadRecord[] {
    return this.#sql
      .all(
        `SELECT line FROM beads INDEXED BY beads_convoys WHERE issue_type = '${CONVOY}' AND status <> 'tombstone'
         ORDER BY seq DESC`,
      )
      .map((row) => JSON.parse(String(row.line)));
  }

  #isOld({ created_at }: ConvoyView): boolean {
    return this.#now() - Date.parse(created_at) >= EMPTY_MS;
  }
}
