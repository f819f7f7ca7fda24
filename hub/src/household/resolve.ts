import { plural, speakable } from "../intents/index.ts";
import type { HomeAppliance } from "../services.ts";

/** What a sentence names. */
export interface Wanted {
  /** As said: "light", "lights", "front door". */
  readonly name: string;
  /** The room named in the sentence. */
  readonly room?: string;
  /** The room in which it was said. */
  readonly speakerRoom?: string;
}

export type Resolution =
  /** `phrase` is how to speak of it: "the kitchen light". */
  | {
      readonly kind: "found";
      readonly appliances: readonly HomeAppliance[];
      readonly phrase: string;
      readonly many: boolean;
    }
  | { readonly kind: "unclear"; readonly question: string }
  | { readonly kind: "missing"; readonly reply: string };

/**
 * Finds what a name means: in the room that was named, else in the room where it was said, else the only one in the
 * house; when several rooms have one, the answer is a question.
 */
export function resolveAppliance(all: readonly HomeAppliance[], wanted: Wanted): Resolution {
  const name = speakable(wanted.name);
  const named = all.filter((appliance) => isNamed(appliance, name));
  if (named.length === 0) return { kind: "missing", reply: `There is no ${name} here.` };
  const inRoom = (room: string) => named.filter((appliance) => sameRoom(appliance.room, room));
  if (wanted.room !== undefined) {
    const there = inRoom(wanted.room);
    if (there.length === 0) return { kind: "missing", reply: `There is no ${name} in the ${speakable(wanted.room)}.` };
    return found(there, name, speakable(wanted.room));
  }
  const here = wanted.speakerRoom === undefined ? [] : inRoom(wanted.speakerRoom);
  const rooms = [...new Set(named.map((appliance) => speakable(appliance.room ?? "")))].sort();
  if (here.length > 0) return found(here, name, rooms.length > 1 ? speakable(wanted.speakerRoom ?? "") : "");
  if (rooms.length === 1) return found(named, name, "");
  return {
    kind: "unclear",
    question: `Which ${name}: ${oneOf(rooms.map((room) => room || "the one without a room"))}?`,
  };
}

/** "kitchen", "kitchen or bedroom", "hallway, kitchen or bedroom". */
export function oneOf(words: readonly string[], link = "or"): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${link} ${words.at(-1)}`;
}

export function sameRoom(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && speakable(a) === speakable(b);
}

function isNamed(appliance: HomeAppliance, name: string): boolean {
  const names = [appliance.name, ...(appliance.aliases ?? [])].map(speakable);
  if (names.includes(name)) return true;
  if (appliance.kind !== "light") return false;
  return name === "lights" || names.some((own) => plural(own) === name);
}

function found(appliances: readonly HomeAppliance[], name: string, room: string): Resolution {
  const known = room === "" || name.startsWith(`${room} `) ? name : `${room} ${name}`;
  return { kind: "found", appliances, phrase: `the ${known}`, many: /[^s]s$/.test(name) };
}
