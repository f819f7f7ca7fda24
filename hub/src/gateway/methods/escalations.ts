import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { SEVERITIES } from "../../escalations/row.ts";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Severity = literals(SEVERITIES);

/** Calls for help. */
export const escalationMethods: readonly Method[] = [
  townRead(
    "escalations",
    "list",
    Type.Object({
      ...{ all: Type.Optional(Type.Boolean()), severity: Type.Optional(Severity) },
      state: Type.Optional(literals(["open", "acked", "closed"])),
    }),
  ),
  townRead("escalations", "show", Type.Object({ id: Id })),
  townRead("escalations", "stale", Type.Object({ staleMs: Type.Optional(Type.Integer({ minimum: 0 })) })),
  townWrite(
    "escalations",
    "raise",
    Type.Object({
      ...{ severity: Severity, subject: Type.String({ minLength: 1, maxLength: 480 }), reason: Type.Optional(Text) },
      ...{ source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })), bead: Type.Optional(Id) },
      ...{ key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), ...Who },
    }),
  ),
  townWrite("escalations", "ack", Type.Object({ id: Id, ...Who })),
  townWrite("escalations", "close", Type.Object({ id: Id, reason: Type.Optional(Text), ...Who })),
];
