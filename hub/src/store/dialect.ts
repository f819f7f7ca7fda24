import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Kysely, SqliteDatabase } from "kysely";

/**
 * Kysely over the hub's own connection (`connection` gives it for a statement), for queries put together at run time. It is loaded on first use: at rest it
 * would cost the hub a quarter of its memory. Transactions go through the store, because Kysely's are asynchronous and
 * would take in whatever else runs on the connection between two awaits.
 */
export async function kyselyOver<Tables>(connection: (sql: string) => DatabaseSync): Promise<Kysely<Tables>> {
  const { Kysely, SqliteDialect } = await import("kysely");
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapter(connection) }) });
}

function adapter(connection: (sql: string) => DatabaseSync): SqliteDatabase {
  return {
    // The store owns the connection and closes it.
    close() {},
    prepare(sql) {
      if (/^\s*(begin|commit|rollback|savepoint|release)\b/i.test(sql)) {
        throw new BarnacleError("INTERNAL", "transactions go through Store.transaction or Store.commit, not Kysely");
      }
      const statement = connection(sql).prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as readonly SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as readonly SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as readonly SQLInputValue[])),
      };
    },
  };
}
