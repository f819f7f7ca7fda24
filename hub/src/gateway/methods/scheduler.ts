import { Type } from "@sinclair/typebox";
import { Id, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const None = Type.Object({});
const Alone = Type.Object({ ...Who });

/** What waits to be given to workers. */
export const schedulerMethods: readonly Method[] = [
  townRead("scheduler", "status", None),
  townRead("scheduler", "list", None),
  townWrite(
    "scheduler",
    "enqueue",
    Type.Object({
      ...{ bead: Id, rig: Id, to: Type.Optional(Id) },
      priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
      args: Type.Optional(Type.Record(Type.String({ maxLength: 100 }), Type.Unknown())),
      ...Who,
    }),
  ),
  townWrite("scheduler", "pause", Alone),
  townWrite("scheduler", "resume", Alone),
  townWrite("scheduler", "run", Alone),
  townWrite("scheduler", "clear", Type.Object({ bead: Type.Optional(Id), ...Who })),
];
