import type { Appliance } from "@barnacle/protocol/schema";
import { numberWords } from "./numbers.ts";
import { speakable } from "./words.ts";

/** What a list slot gave: a number, a word, or the name of an appliance. */
export type SlotValue = string | number;

export interface ListValue {
  /** As templates write it: lower-case words. */
  readonly words: string;
  readonly value: SlotValue;
  /** False: understood when typed, but left out of the recogniser's grammar to keep that small. */
  readonly spoken: boolean;
  /** Between 0 and 1: held back by the recogniser in favour of the others of its list; 1 when absent. */
  readonly weight?: number;
}

/** What may stand in a slot. A `free` list takes any words when typed; spoken, only its values. */
export interface SlotList {
  readonly values: readonly ListValue[];
  readonly free: boolean;
}

export type Vocabulary = ReadonlyMap<string, SlotList>;

/** The part of a household that its language is made of. */
export interface HomeNames {
  readonly rooms: readonly string[];
  readonly areas: readonly string[];
  readonly appliances: readonly Appliance[];
  readonly tasks: readonly string[];
  readonly shopping: readonly string[];
  readonly announcements: readonly string[];
}

const COLORS = ["red", "green", "blue", "yellow", "orange", "purple", "pink", "white", "warm white"];
const GENRES = ["jazz", "classical", "rock", "pop", "country", "folk", "dance"];
const DAYS = ["today", "tonight", "tomorrow", "tomorrow morning", "tomorrow evening", "this evening"];
/** Who offers one of these may be named in "turn on", "start" and the like; whether it can do just that is said in the reply. */
const SWITCHING = ["on", "off", "start", "stop", "pause"] as const;

/** Every list that templates refer to, filled for one household. */
export function makeVocabulary(home: HomeNames): Vocabulary {
  const named = (test: (appliance: Appliance) => boolean) => list(home.appliances.filter(test).flatMap(namesOf));
  const can = (...actions: readonly (keyof Appliance["actions"])[]) =>
    named((appliance) => appliance.kind !== "scene" && actions.some((action) => appliance.actions[action]));
  return new Map<string, SlotList>([
    ["room", list(home.rooms)],
    ["area", list(home.areas)],
    ["thing", can(...SWITCHING)],
    ["dimmable", can("set")],
    ["light", named((appliance) => appliance.kind === "light")],
    ["heating", named((appliance) => appliance.kind === "heating")],
    ["openable", can("open", "close")],
    ["lockable", can("lock", "unlock")],
    ["scene", named((appliance) => appliance.kind === "scene")],
    ["switch_verb", verbs({ "turn on": "on", "switch on": "on", "turn off": "off", "switch off": "off" })],
    ["run_verb", verbs({ start: "start", stop: "stop", pause: "pause" })],
    ["on_off", verbs({ on: "on", off: "off" })],
    ["open_verb", verbs({ open: "open", close: "close" })],
    ["lock_verb", verbs({ lock: "lock", unlock: "unlock" })],
    ["up_down", verbs({ up: "up", down: "down" })],
    ["lock_state", verbs({ locked: "locked", unlocked: "unlocked" })],
    ["open_state", verbs({ open: "open", closed: "closed" })],
    ["outside", list(["outside"])],
    ["inside", list(["inside"])],
    ["color", list(COLORS)],
    ["genre", list(GENRES)],
    ["day", list(DAYS)],
    ["percent", counted(0, 100, (n) => n >= 5 && n % 5 === 0, "")],
    ["change", counted(1, 15, (n) => n <= 5, "degree", [["a degree", 1]])],
    ["temperature", counted(5, 30, (n) => n >= 15 && n <= 25, "degree")],
    ["hours", counted(1, 99, (n) => n <= 8, "hour", [["an hour", 1]])],
    [
      "minutes",
      counted(1, 999, often, "minute", [
        ["a minute", 1],
        ["half an hour", 30],
        ["a quarter of an hour", 15],
        ["an hour and a half", 90],
      ]),
    ],
    ["seconds", counted(1, 999, (n) => n <= 90 && n % 10 === 0, "second", [["a minute and a half", 90]])],
    ["hour_count", counted(1, 99, (n) => n <= 3, "hour", [], false)],
    ["minute_count", counted(1, 999, often, "minute", [], false)],
    ["second_count", counted(1, 999, (n) => n <= 90 && n % 10 === 0, "second", [], false)],
    ["task", free(home.tasks)],
    ["item", free(home.shopping)],
    ["announcement", free(home.announcements)],
    ["anything", free([])],
  ]);
}

/**
 * "Ten minutes" in a clipped voice scores as "two minutes" with pocketsphinx, never the other way round. The engine's own
 * check against the nearest rival does not see it, since "two" then wins by score. Of 15 voices, most of them not looked at
 * when the size was chosen, "ten" is taken for "two" by one without the weight and by none with it; no "two" is taken for
 * anything else. The engine adds a weight's logarithm to acoustic scores unscaled, hence the size.
 */
const TWO_MINUTES_WEIGHT = 1e-36;

/** The numbers that people give timers. */
function often(n: number): boolean {
  return n <= 20 || (n <= 60 && n % 5 === 0) || (n <= 90 && n % 10 === 0);
}

function namesOf(appliance: Appliance): string[] {
  const names = [appliance.name, ...(appliance.aliases ?? [])];
  if (appliance.kind !== "light") return names;
  return [...names, ...names.map(plural), "lights"];
}

/** "light" to "lights"; a name that already ends in s stays. */
export function plural(name: string): string {
  return name.endsWith("s") ? name : `${name}s`;
}

function list(names: readonly string[], isFree = false): SlotList {
  const values = new Map<string, ListValue>();
  for (const name of names) {
    const words = speakable(name);
    if (words !== "" && !values.has(words)) values.set(words, { words, value: isFree ? name : words, spoken: true });
  }
  return { values: [...values.values()], free: isFree };
}

function free(phrases: readonly string[]): SlotList {
  return list(phrases, true);
}

function verbs(meanings: Readonly<Record<string, string>>): SlotList {
  const values = Object.entries(meanings).map(([words, value]) => ({ words, value, spoken: true }));
  return { values, free: false };
}

/** "one minute", "two minutes", …; with `inflect` false "two minute", as in "a two minute timer". */
function counted(
  from: number,
  to: number,
  spoken: (n: number) => boolean,
  unit: string,
  extra: readonly (readonly [string, number])[] = [],
  inflect = true,
): SlotList {
  const values: ListValue[] = extra.map(([words, value]) => ({ words, value, spoken: true }));
  for (let n = from; n <= to; n++) {
    const noun = inflect && n !== 1 && unit !== "" ? `${unit}s` : unit;
    const weight = n === 2 && unit === "minute" ? { weight: TWO_MINUTES_WEIGHT } : {};
    values.push({ words: `${numberWords(n)} ${noun}`.trim(), value: n, spoken: spoken(n), ...weight });
  }
  return { values, free: false };
}
