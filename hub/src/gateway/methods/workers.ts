import { Type } from "@sinclair/typebox";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Word = Type.Optional(Id);
const Flag = Type.Optional(Type.Boolean());
const One = Type.Object({ address: Id });
const Lines = Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 }));

/** Those who do the work. */
export const workerMethods: readonly Method[] = [
  townRead("workers", "list", Type.Object({ rig: Word, role: Word, state: Word, running: Flag })),
  townRead("workers", "show", One),
  townRead("workers", "polecats", Type.Object({ rig: Word, all: Flag })),
  townRead("workers", "polecat", One),
  townRead("workers", "peek", Type.Object({ address: Id, lines: Lines })),
  townWrite("workers", "register", Type.Object({ address: Id, runner: Word, ...Who })),
  townWrite("workers", "remove", Type.Object({ address: Id, ...Who })),
  townWrite("workers", "start", Type.Object({ address: Id, ...Who })),
  townWrite("workers", "stop", Type.Object({ address: Id, why: Type.Optional(Text), force: Flag, ...Who })),
  townWrite("workers", "heartbeat", Type.Object({ address: Word, ...Who })),
];
