import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { Id, Text, Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Word = Type.Optional(Type.String({ minLength: 1, maxLength: 500 }));
const Flag = Type.Optional(Type.Boolean());
const Vars = Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 100_000 })));

/** By its name, or the id of a template; or as a text, with the name of its file for errors. */
const Source = { name: Word, text: Type.Optional(Text), file: Word, rig: Word };
const Cook = { ...Source, vars: Vars, subject: Type.Optional(Id) };
const Pour = {
  ...{ ...Cook, ephemeral: Flag, rootOnly: Flag, title: Word, prefix: Word, assignee: Word, key: Word, ...Who },
  attachTo: Type.Optional(Id),
  wispClass: Type.Optional(
    literals(["heartbeat", "ping", "patrol", "gc_report", "recovery", "error", "escalation", "none"]),
  ),
};
const texts = (given: object) => {
  const { text, ...rest } = given as { text?: string };
  return JSON.parse(JSON.stringify(text === undefined ? rest : { ...rest, text: text.length }));
};

/** Workflows, and the molecules that are poured from them. */
export const formulaMethods: readonly Method[] = [
  townRead("formulas", "list", Type.Object({ rig: Word })),
  townRead("formulas", "show", Type.Object(Source)),
  townRead("formulas", "check", Type.Object(Source)),
  townRead("formulas", "cook", Type.Object({ ...Cook, asTemplate: Flag })),
  townRead("formulas", "progress", Type.Object({ id: Id })),
  townRead("formulas", "current", Type.Object({ id: Type.Optional(Id), who: Word })),
  townRead(
    "formulas",
    "molecules",
    Type.Object({
      state: Type.Optional(literals(["open", "closed", "all"])),
      kind: Type.Optional(literals(["molecule", "wisp"])),
      ...{ formula: Word, gated: Flag },
      staleMs: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 0, description: "0: all" })),
    }),
  ),
  townRead(
    "formulas",
    "distill",
    Type.Object({ id: Id, name: Type.String({ minLength: 1, maxLength: 80 }), vars: Vars }),
  ),
  townWrite("formulas", "pour", Type.Object(Pour), { recordAs: texts }),
  townWrite("formulas", "run", Type.Object(Pour), { recordAs: texts }),
  townWrite("formulas", "persist", Type.Object({ ...Cook, title: Word, ...Who }), { recordAs: texts }),
  townWrite(
    "formulas",
    "stepDone",
    Type.Object({
      ...{ id: Id, step: Word, reason: Word, force: Flag, ...Who },
      output: Type.Optional(Type.Unknown()),
    }),
  ),
  townWrite("formulas", "attach", Type.Object({ id: Id, molecule: Id, ...Who })),
  townWrite("formulas", "detach", Type.Object({ id: Id, ...Who })),
  townWrite("formulas", "squash", Type.Object({ id: Id, summary: Type.Optional(Text), force: Flag, ...Who })),
  townWrite("formulas", "burn", Type.Object({ id: Id, force: Flag, ...Who })),
  townWrite(
    "formulas",
    "bond",
    Type.Object({
      ...{ first: Id, second: Id, title: Word, vars: Vars, rig: Word, ...Who },
      bond: Type.Optional(literals(["sequential", "parallel", "conditional"])),
    }),
  ),
  townWrite("formulas", "settle", Type.Object({ ...Who })),
];
