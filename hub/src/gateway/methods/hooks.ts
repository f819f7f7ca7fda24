import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Word = Type.Optional(Id);
const Words = Type.Optional(Text);
const Flag = Type.Optional(Type.Boolean());
const How = {
  ...{ to: Word, args: Words, force: Flag, create: Flag, queue: Flag, runner: Word, baseBranch: Word, target: Word },
  ...{ noMerge: Flag, now: Flag, convoy: Type.Optional(Type.Union([Type.Boolean(), Id])), ...Who },
};

/** What hangs on whose hook. */
export const hookMethods: readonly Method[] = [
  townRead("hooks", "show", Type.Object({ agent: Id })),
  townRead("hooks", "list", Type.Object({})),
  townRead("hooks", "ends", Type.Object({ bead: Id })),
  townRead("hooks", "prime", Type.Object({ agent: Id })),
  townWrite("hooks", "sling", Type.Object({ bead: Id, ...How })),
  townWrite("hooks", "slingMany", Type.Object({ beads: Type.Array(Id, { minItems: 1, maxItems: 500 }), ...How })),
  townWrite("hooks", "unsling", Type.Object({ bead: Word, agent: Word, force: Flag, ...Who })),
  townWrite(
    "hooks",
    "release",
    Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 500 }), reason: Words, ...Who }),
  ),
  townWrite("hooks", "recover", Type.Object({ bead: Id, why: Text, ...Who })),
  townWrite(
    "hooks",
    "done",
    Type.Object({
      ...{ agent: Word, summary: Words, noMerge: Flag, target: Word },
      status: Type.Optional(literals(["COMPLETED", "ESCALATED", "DEFERRED"])),
      ...Who,
    }),
  ),
  townWrite("hooks", "handoff", Type.Object({ agent: Word, subject: Words, message: Words, ...Who })),
];
