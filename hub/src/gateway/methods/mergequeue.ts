import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Rig = Type.Optional(Id);
const Limit = Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 }));
const Branch = Type.String({ minLength: 1, maxLength: 200 });
const Commit = Type.String({ pattern: "^[0-9a-fA-F]{4,64}$" });
const What = Type.Object({ of: Branch });

/** Finished work on its way into a rig's branch. */
export const mergequeueMethods: readonly Method[] = [
  townRead(
    "mergequeue",
    "list",
    Type.Object({
      ...{ rig: Rig, worker: Type.Optional(Id), target: Type.Optional(Branch), epic: Type.Optional(Id), limit: Limit },
      state: Type.Optional(literals(["open", "in_progress", "closed"])),
      ...{ ready: Type.Optional(Type.Boolean()), all: Type.Optional(Type.Boolean()) },
    }),
  ),
  townRead("mergequeue", "next", Type.Object({ rig: Rig, strategy: Type.Optional(literals(["priority", "fifo"])) })),
  townRead("mergequeue", "show", Type.Object({ id: Id })),
  townRead("mergequeue", "merges", Type.Object({ rig: Rig, limit: Limit })),
  townRead("mergequeue", "evidence", What),
  townRead("mergequeue", "runs", Type.Object({ rig: Rig, limit: Limit })),
  townRead("mergequeue", "status", Type.Object({ rig: Rig })),
  townRead("mergequeue", "integrations", Type.Object({ rig: Rig })),
  townRead("mergequeue", "integration", What),
  townWrite(
    "mergequeue",
    "submit",
    Type.Object({
      ...{ rig: Id, branch: Branch, commit: Type.Optional(Commit), target: Type.Optional(Branch) },
      ...{ bead: Type.Optional(Id), worker: Type.Optional(Id), agentBead: Type.Optional(Id) },
      priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
      preVerifiedBase: Type.Optional(Commit),
      ...Who,
    }),
  ),
  townWrite("mergequeue", "retry", Type.Object({ id: Id, ...Who })),
  townWrite("mergequeue", "reject", Type.Object({ id: Id, reason: Text, ...Who })),
  townWrite(
    "mergequeue",
    "rollback",
    Type.Object({ of: Branch, reason: Type.Optional(Text), force: Type.Optional(Type.Boolean()), ...Who }),
  ),
  townWrite("mergequeue", "start", Type.Object({ rig: Id, ...Who })),
  townWrite("mergequeue", "stop", Type.Object({ rig: Id, ...Who })),
  townWrite(
    "mergequeue",
    "integrationCreate",
    Type.Object({ rig: Id, epic: Id, branch: Type.Optional(Branch), base: Type.Optional(Branch), ...Who }),
  ),
  townWrite("mergequeue", "integrationLand", Type.Object({ of: Branch, force: Type.Optional(Type.Boolean()), ...Who })),
];
