import type { Family } from "../session.ts";
import { addConvoyChanges } from "./convoy-changes.ts";
import { addConvoyMakes } from "./convoy-makes.ts";
import { addConvoyMigrate } from "./convoy-migrate.ts";
import { addConvoyReads } from "./convoy-reads.ts";

/** Batches of work items. Reading and most changes work without a hub: see `door.ts`. */
export const convoyFamily: Family = (program, open) => {
  const convoy = program
    .command("convoy")
    .description("batches of work items: how far they are, who is told at the end");
  for (const add of [addConvoyMakes, addConvoyReads, addConvoyChanges, addConvoyMigrate]) add(convoy, open);
};
