import type { SlotValue } from "../vocabulary.ts";

/** One meaning and the ways to say it. */
export interface IntentSource {
  /** `timer.start`, … */
  readonly intent: string;
  /** Spoken and typed; the recogniser's grammar is made of these, so they are kept few and exact. */
  readonly say: readonly string[];
  /** Understood when typed only: rarer wordings, and those that hold any words at all. */
  readonly type?: readonly string[];
  /** Slots that the meaning itself fills. */
  readonly slots?: Readonly<Record<string, SlotValue>>;
}

/** Intents that belong together, with the rules that their templates share. */
export interface IntentFamily {
  readonly rules: Readonly<Record<string, string>>;
  readonly intents: readonly IntentSource[];
}

/** "the kitchen light", "the light", "the light in the kitchen", for the names of one list. */
export function target(list: string): string {
  return `(the {room} {${list}:name}|the {${list}:name} [in the {room}])`;
}

/** The same without the trailing room, for spoken sentences that go on after the name. */
export function shortTarget(list: string): string {
  return `the [{room}] {${list}:name}`;
}
