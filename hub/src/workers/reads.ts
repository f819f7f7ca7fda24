import { BarnacleError } from "@barnacle/protocol/errors";
import type { Sql } from "../beads/index.ts";
import { type Address, needAddress, parseAddress } from "./address.ts";
import { type Death, deathOf, recordOf, type WorkerRecord } from "./record.ts";

export interface WorkerFilter {
  readonly rig?: string | undefined;
  readonly role?: string | undefined;
  readonly state?: string | undefined;
  readonly running?: boolean | undefined;
}

const DEATHS_SHOWN = 20;
const HOOK = "(SELECT h.bead FROM hooks h WHERE h.address = w.address ORDER BY h.seq LIMIT 1) AS hook";

/** Every question about workers, on the hub's store or on its file opened for reading. */
export class WorkerReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  list({ rig, role, state, running }: WorkerFilter = {}): WorkerRecord[] {
    const rows = this.#sql.all(
      `SELECT w.*, ${HOOK} FROM workers w WHERE (?1 IS NULL OR w.rig = ?1) AND (?2 IS NULL OR w.role = ?2)
       AND (?3 IS NULL OR w.state = ?3) ORDER BY w.rig IS NOT NULL, w.rig, w.role, w.name`,
      ...[rig ?? null, role ?? null, state ?? null],
    );
    const records = rows.map((row) => recordOf(row, this.deaths(String(row.address))));
    return running === undefined ? records : records.filter((record) => record.running === running);
  }

  find(address: string): WorkerRecord | undefined {
    const row = this.#sql.one(`SELECT w.*, ${HOOK} FROM workers w WHERE w.address = ?`, address);
    return row && recordOf(row, this.deaths(address));
  }

  /** By any form of the address. @throws INPUT_INVALID, WORKER_UNKNOWN */
  get(text: string): WorkerRecord {
    const { text: address } = this.address(text);
    const found = this.find(address);
    if (found) return found;
    throw new BarnacleError("WORKER_UNKNOWN", `no worker has the address ${address}`, { details: { address } });
  }

  /** @throws INPUT_INVALID */
  address(text: string): Address {
    return needAddress(text, (rig, name) => this.#isCrew(rig, name));
  }

  tryAddress(text: string): Address | undefined {
    return parseAddress(text, (rig, name) => this.#isCrew(rig, name));
  }

  /** The latest, newest first. */
  deaths(address: string): Death[] {
    return this.#sql
      .all("SELECT * FROM worker_deaths WHERE address = ? ORDER BY seq DESC LIMIT ?", address, DEATHS_SHOWN)
      .map(deathOf);
  }

  #isCrew(rig: string, name: string): boolean {
    return this.#sql.one("SELECT 1 AS found FROM workers WHERE address = ?", `${rig}/crew/${name}`) !== undefined;
  }
}
