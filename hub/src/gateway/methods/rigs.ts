import { literals } from "@barnacle/protocol/schema";
import { type Static, Type } from "@sinclair/typebox";
import { GIT_HOOKS } from "../../rigs/hook-names.ts";
import { Id, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Name = Type.String({ minLength: 1, maxLength: 64 });
const Directory = Type.String({ minLength: 1, maxLength: 4096 });
const Flag = Type.Optional(Type.Boolean());
const None = Type.Object({});
const OneRig = Type.Object({ name: Name, ...Who });
const OfRig = Type.Object({ rig: Type.Optional(Name) });
const OneAgent = Type.Object({ agent: Id });

const NewRig = Type.Object({
  ...{ name: Name, url: Type.String({ minLength: 1, maxLength: 2000 }) },
  ...{ prefix: Type.Optional(Name), branch: Type.Optional(Id), workspace: Type.Optional(Name) },
  directory: Type.Optional(Directory),
  ...Who,
});

/** Where work is done. What runs programs or removes files asks for an administrator. */
export const rigMethods: readonly Method[] = [
  townRead("workspaces", "list", None),
  townWrite("workspaces", "init", Type.Object({ path: Directory, name: Type.Optional(Name), ...Who }), {
    access: "admin",
  }),
  townWrite("workspaces", "remove", OneRig, { access: "admin" }),
  townRead("rigs", "list", Type.Object({ workspace: Type.Optional(Name) })),
  townRead("rigs", "show", Type.Object({ name: Name })),
  townRead("rigs", "status", Type.Object({ name: Name })),
  townRead("rigs", "config", Type.Object({ name: Name })),
  // An address may hold a password.
  townWrite("rigs", "add", NewRig, { access: "admin", recordAs: (given) => withoutSecret(given) }),
  townWrite("rigs", "remove", Type.Object({ name: Name, files: Flag, force: Flag, ...Who }), { access: "admin" }),
  townWrite("rigs", "park", OneRig),
  townWrite("rigs", "unpark", OneRig),
  townWrite("rigs", "dock", OneRig),
  townWrite("rigs", "undock", OneRig),
  townWrite("rigs", "fetch", OneRig),
  townWrite("rigs", "push", Type.Object({ name: Name, branch: Type.Optional(Id), ...Who })),
  townWrite("rigs", "set", Type.Object({ name: Name, key: Id, value: Type.Unknown(), ...Who }), { access: "admin" }),
  townWrite("rigs", "unset", Type.Object({ name: Name, key: Id, ...Who }), { access: "admin" }),
  // `worktrees.list` and `worktrees.remove` are OpenClaw's own.
  townRead("worktrees", "all", OfRig),
  townRead("worktrees", "verdict", OneAgent),
  townRead("worktrees", "verdicts", OfRig),
  townRead("worktrees", "orphans", OfRig),
  townRead(
    "worktrees",
    "events",
    Type.Object({
      ...{ rig: Type.Optional(Name), agent: Type.Optional(Id) },
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 0, description: "0: all" })),
    }),
  ),
  townRead("worktrees", "plan", Type.Object({ directory: Directory })),
  townWrite(
    "worktrees",
    "acquire",
    Type.Object({ rig: Name, agent: Id, bead: Type.Optional(Id), base: Type.Optional(Id), ...Who }),
  ),
  townWrite("worktrees", "release", Type.Object({ agent: Id, ...Who })),
  townWrite("worktrees", "drop", Type.Object({ agent: Id, force: Flag, ...Who })),
  townWrite(
    "worktrees",
    "githook",
    Type.Object({
      ...{ directory: Directory, hook: literals(GIT_HOOKS) },
      body: Type.Record(Type.String({ maxLength: 100 }), Type.Unknown()),
      ...Who,
    }),
  ),
];

function withoutSecret({ url, ...rest }: Static<typeof NewRig>) {
  return { ...rest, url: url.replace(/\/\/[^/]*@/, "//***@") };
}
