import { literals } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { LEVELS, NUDGE_MODES, NUDGE_PRIORITIES } from "../../mail/words.ts";
import { Who } from "./beads-params.ts";
import type { Method } from "./method.ts";
import { townRead, townWrite } from "./town.ts";

const Address = Type.String({ minLength: 1, maxLength: 200 });
const Maybe = Type.Optional(Address);
const Flag = Type.Optional(Type.Boolean());
const Nudge = {
  text: Type.String({ minLength: 1, maxLength: 20_000 }),
  ...{ mode: Type.Optional(literals(NUDGE_MODES)), priority: Type.Optional(literals(NUDGE_PRIORITIES)) },
  ...{ force: Flag, ifRunning: Flag, ...Who },
};

/** Texts into running agents, and how much each of them wants to hear. */
export const nudgeMethods: readonly Method[] = [
  townRead("nudges", "list", Type.Object({ address: Address })),
  townRead("nudges", "level", Type.Object({ address: Address })),
  townRead("nudges", "levels", Type.Object({})),
  townWrite("nudges", "nudge", Type.Object({ to: Address, ...Nudge })),
  townWrite("nudges", "broadcast", Type.Object({ to: Maybe, rig: Maybe, role: Maybe, ...Nudge })),
  townWrite("nudges", "take", Type.Object({ address: Maybe, ...Who })),
  townWrite("nudges", "dnd", Type.Object({ address: Maybe, on: Type.Boolean(), ...Who })),
  townWrite("nudges", "notify", Type.Object({ address: Maybe, level: literals(LEVELS), ...Who })),
];
