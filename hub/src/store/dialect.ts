import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import { BarnacleError } from "@barnacle/protocol/errors";
import type { Kysely, SqliteDatabase } from "kysely";

/**
 * Kysely over the hub's own connection, for queries put together at run time. It is loaded on first use: at rest it
 * would cost the hub a quarter of its memory. Transactions go through the store, because Kysely's are asynchronous and
 * would take in whatever else runs on the connection between two awaits.
 */
export async function kyselyOver<Tables>(db: DatabaseSync): Promise<Kysely<Tables>> {
  const { Kysely, SqliteDialect } = await import("kysely");
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapter(db) }) });
}

function adapter(db: DatabaseSync): SqliteDatabase {
  return {
    // The store owns the connection and closes it.
    close() {},
    prepare(sql) {
      if (/^\s*(begin|commit|rollback|savepoint|release)\b/i.test(sql)) {
        throw new BarnacleError("INTERNAL", "transactions go through Store.transaction or Store.commit, not Kysely");
      }
      const statement = db.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...(parameters as readonly SQLInputValue[])),
        run: (parameters) => statement.run(...(parameters as readonly SQLInputValue[])),
        iterate: (parameters) => statement.iterate(...(parameters as readonly SQLInputValue[])),
      };
    },
  };
}
