import type { Command } from "commander";
import type { Family, Session } from "../session.ts";
import { addChanges } from "./bead-changes.ts";
import { beadCommand } from "./bead-command.ts";
import { addConfig } from "./bead-config.ts";
import { addCreate } from "./bead-create.ts";
import { addEdges } from "./bead-edges.ts";
import { addGate } from "./bead-gate.ts";
import { addReads } from "./bead-reads.ts";
import { addShort } from "./bead-short.ts";
import { addTransfer } from "./bead-transfer.ts";
import { addWork } from "./bead-work.ts";
import { addReady } from "./ready.ts";

/** Everything about beads. Reading works without a hub, writing too: see `door.ts`. */
export const beadFamily: Family = (program, open) => {
  const bead = beadCommand(program);
  const parts: readonly ((parent: Command, open: (command: Command) => Session) => void)[] = [
    ...[addCreate, addReads, addReady, addChanges, addWork, addEdges, addTransfer, addConfig, addGate, addShort],
  ];
  for (const add of parts) add(bead, open);
};
