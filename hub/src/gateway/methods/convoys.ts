import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { CONVOY_SETS, LEGACY_CONVOY_CALLS } from "../../legacy/names.ts";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Flag = Type.Optional(Type.Boolean());
const Word = Type.Optional(Type.String({ minLength: 1, maxLength: 1000 }));
const Ids = Type.Array(Id, { minItems: 1, maxItems: 5000 });
const Names = Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 200 }));
const Metadata = Type.Optional(Type.Record(Type.String(), Type.Unknown()));

/** Read where they lie. */
const Files = Type.Array(Type.Object({ name: Type.String({ minLength: 1, maxLength: 255 }), text: Type.String() }), {
  minItems: 1,
  maxItems: 10_000,
});
/** What is said of a convoy when it is made. */
const Facts = {
  dependsOn: Type.Optional(Ids),
  ...{ parent: Type.Optional(Id), description: Type.Optional(Text), owner: Word, notify: Word, watchers: Names },
  ...{ nudgeWatchers: Names, merge: Word, baseBranch: Word, molecule: Word, owned: Flag, labels: Names },
  ...{ priority: Type.Optional(Type.Union([Type.Integer(), Type.String()])), metadata: Metadata },
};

/** Batches of work items. All of it lies in `hub/src/convoys/operations.ts`. */
export const convoyMethods: readonly Method[] = [
  townRead("convoys", "list", Type.Object({ all: Flag, status: Word, bead: Type.Optional(Id) })),
  townRead("convoys", "status", Type.Object({ id: Id })),
  townRead("convoys", "stranded", Type.Object({})),
  townRead("convoys", "trackedBy", Type.Object({ bead: Id })),
  townRead("convoys", "landings", Type.Object({ id: Id })),
  townRead("convoys", "plan", Type.Object({ ids: Ids })),
  townRead("convoys", "preview", Type.Object({ files: Files })),
  townWrite(
    "convoys",
    "create",
    Type.Object({ title: Text, beads: Type.Optional(Ids), fromEpic: Type.Optional(Id), ...Facts, key: Word, ...Who }),
  ),
  townWrite("convoys", "add", Type.Object({ id: Id, beads: Ids, ...Who })),
  townWrite("convoys", "remove", Type.Object({ id: Id, beads: Ids, ...Who })),
  townWrite("convoys", "depend", Type.Object({ id: Id, on: Id, ...Who })),
  townWrite(
    "convoys",
    "stage",
    Type.Object({ ids: Ids, title: Word, noValidate: Flag, launch: Flag, force: Flag, ...Facts, ...Who }),
  ),
  townWrite("convoys", "launch", Type.Object({ id: Id, force: Flag, ...Who })),
  townWrite("convoys", "watch", Type.Object({ id: Id, address: Word, nudge: Flag, ...Who })),
  townWrite("convoys", "unwatch", Type.Object({ id: Id, address: Word, nudge: Flag, ...Who })),
  townWrite("convoys", "land", Type.Object({ id: Id, force: Flag, keepWorktrees: Flag, dryRun: Flag, ...Who })),
  townWrite("convoys", "close", Type.Object({ id: Id, reason: Word, force: Flag, notify: Word, ...Who })),
  townWrite("convoys", "reopen", Type.Object({ id: Id, reason: Word, ...Who })),
  townWrite("convoys", "migrate", Type.Object({ files: Files, ...Who }), {
    recordAs: ({ files }) => ({ files: files.map(({ name }) => name) }),
  }),
  townWrite(
    "convoys",
    "legacy",
    Type.Object({
      set: literals(CONVOY_SETS),
      call: literals(LEGACY_CONVOY_CALLS),
      ...{ id: Type.Optional(Id), title: Type.Optional(Text), description: Type.Optional(Text), reason: Word },
      ...{ beads: Type.Optional(Ids), agents: Names, dependsOn: Type.Optional(Ids), parent: Type.Optional(Id), ...Who },
    }),
  ),
  townWrite("convoys", "check", Type.Object({ dryRun: Flag, ...Who })),
];
