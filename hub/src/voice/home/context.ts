import type { Clock } from "@barnacle/protocol/runtime";
import type { JsonObject } from "@barnacle/protocol/schema";
import type { EmergencyStop } from "../../estop/index.ts";
import type { HouseholdModel } from "../../household/index.ts";
import type { IntentMatch } from "../../intents/index.ts";
import type { Devices } from "../../services.ts";
import type { Tasks } from "../../tasks/index.ts";
import type { Timers } from "../../timers/index.ts";
import type { Plan, TurnRequest } from "../plan.ts";

/** What the home's intents need to answer. */
export interface HomeContext {
  readonly household: HouseholdModel;
  readonly devices: Pick<Devices, "get" | "list">;
  readonly timers: Timers;
  readonly tasks: Tasks;
  readonly clock: Clock;
  readonly estop?: Pick<EmergencyStop, "pull">;
  /** IANA name; the machine's own when absent. */
  readonly timeZone?: string;
}

export type IntentHandler = (match: IntentMatch, request: TurnRequest, home: HomeContext) => Plan | Promise<Plan>;

/** A plan that only speaks. */
export function speak(match: IntentMatch, text: string, error?: Plan["error"]): Plan {
  return {
    intent: match.intent,
    slots: match.slots,
    steps: [],
    reply: { kind: "text", text },
    ...(error ? { error } : {}),
  };
}

/** A slot that holds words. */
export function word(slots: JsonObject, name: string): string | undefined {
  const value = slots[name];
  return typeof value === "string" ? value : undefined;
}

/** A slot that holds a number. */
export function count(slots: JsonObject, name: string): number | undefined {
  const value = slots[name];
  return typeof value === "number" ? value : undefined;
}
