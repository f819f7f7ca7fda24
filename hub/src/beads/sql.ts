import type { SQLInputValue } from "node:sqlite";
import type { Row } from "../store/index.ts";

/** What reading beads needs of a database: the hub's store has it, and so has a file opened for reading. */
export interface Sql {
  one(text: string, ...parameters: SQLInputValue[]): Row | undefined;
  all(text: string, ...parameters: SQLInputValue[]): Row[];
}

/** What writing needs besides. */
export interface WritableSql extends Sql {
  /** @returns the number of rows changed */
  run(text: string, ...parameters: SQLInputValue[]): number;
}
