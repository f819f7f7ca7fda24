import { Type } from "@sinclair/typebox";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Name = Type.String({ minLength: 1, maxLength: 100 });
const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }));
const Rig = { rig: Type.Optional(Name) };
const Workspace = { workspace: Type.Optional(Name) };
const Priority = Type.Optional(Type.Integer({ minimum: 0, maximum: 4 }));
const Title = Type.String({ minLength: 1, maxLength: 500 });
const LeaseMs = Type.Optional(Type.Integer({ minimum: 1000, maximum: 86_400_000 }));

const Item = Type.Union([
  Title,
  Type.Object({
    title: Title,
    description: Type.Optional(Text),
    key: Type.Optional(Name),
    needs: Type.Optional(Type.Array(Type.Union([Type.Integer({ minimum: 1 }), Name]), { maxItems: 100 })),
    priority: Priority,
    type: Type.Optional(Name),
    labels: Type.Optional(Type.Array(Name, { maxItems: 50 })),
    ...Rig,
  }),
]);

/** Who turns goals into work, who watches the workers, who looks after both. */
export const roleMethods: readonly Method[] = [
  townRead("mayor", "status", Type.Object(Workspace)),
  townRead("mayor", "goals", Type.Object({ limit: Limit })),
  townWrite(
    "mayor",
    "goal",
    Type.Object({
      title: Title,
      items: Type.Optional(Type.Array(Item, { maxItems: 500 })),
      text: Type.Optional(Text),
      merge: Type.Optional(Name),
      baseBranch: Type.Optional(Type.String({ minLength: 1, maxLength: 250 })),
      key: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      ...{ priority: Priority, ...Rig, ...Who },
    }),
  ),
  townWrite("mayor", "cancel", Type.Object({ goal: Id, ...Who })),
  townWrite("mayor", "start", Type.Object({ holder: Type.Optional(Name), leaseMs: LeaseMs, ...Workspace, ...Who })),
  townWrite("mayor", "heartbeat", Type.Object({ holder: Type.Optional(Name), leaseMs: LeaseMs, ...Workspace, ...Who })),
  townWrite("mayor", "stop", Type.Object({ ...Workspace, ...Who })),
  townRead("witness", "status", Type.Object(Rig)),
  townRead("witness", "alerts", Type.Object({ limit: Limit, ...Rig })),
  townWrite("witness", "start", Type.Object({ ...Rig, ...Who })),
  townWrite("witness", "stop", Type.Object({ ...Rig, ...Who })),
  townWrite("witness", "patrol", Type.Object({ ...Rig, ...Who })),
  townRead("supervisor", "status", Type.Object({})),
  townWrite("supervisor", "beat", Type.Object({ ...Who })),
];
