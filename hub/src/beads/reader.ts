import { existsSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Row } from "../store/index.ts";
import type { Sql } from "./sql.ts";

/** The hub's database opened for reading beside the hub, or without one. */
export class ReadOnlyFile implements Sql {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /** @throws NOT_FOUND when nothing is kept there, STATE_UNWRITABLE when it cannot be opened */
  constructor(stateDir: string) {
    const file = path.join(stateDir, "barnacle.db");
    if (!existsSync(file)) {
      throw new BarnacleError("NOT_FOUND", `${stateDir} holds no store: no hub and no bead was there yet`, {
        hint: "Name another with --state-dir, or make the first one: barnacle bead create",
      });
    }
    try {
      this.#db = new DatabaseSync(file, { readOnly: true, timeout: 5000 });
    } catch (error) {
      throw new BarnacleError("STATE_UNWRITABLE", `${file} cannot be opened: ${messageOf(error)}`, { cause: error });
    }
  }

  /** False in a store of a version before beads. */
  get hasBeads(): boolean {
    return this.one("SELECT 1 AS found FROM sqlite_master WHERE name = 'bead_words'") !== undefined;
  }

  one(text: string, ...parameters: SQLInputValue[]): Row | undefined {
    return this.#statement(text).get(...parameters) as Row | undefined;
  }

  all(text: string, ...parameters: SQLInputValue[]): Row[] {
    return this.#statement(text).all(...parameters) as Row[];
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #statement(text: string): StatementSync {
    const known = this.#statements.get(text) ?? this.#db.prepare(text);
    this.#statements.set(text, known);
    return known;
  }
}
