import { type BeadRecord, parseInstant, parseLine } from "@barnacle/protocol/beads";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { mergeBead, versionOf } from "./bead.ts";
import type { Version } from "./members.ts";

export interface MergedFiles {
  readonly lines: readonly string[];
  /** Beads that both sides changed. */
  readonly both: readonly string[];
  /** Ids that both sides gave to a bead of their own: now one bead, in whose notes the other stands. */
  readonly collisions: readonly string[];
}

interface Side {
  readonly beads: ReadonlyMap<string, Version>;
  /** Lines that are no beads. */
  readonly others: ReadonlySet<string>;
  /** Of both, in the file's order. */
  readonly order: readonly string[];
}

/**
 * Three versions of an issue file become one, line by line; a bead is told by its id. What one side did counts where the other
 * left it alone; what both did is settled by rules that do not ask which side is which, so that two machines that merge each
 * other's files come to the same one. A line that one side took away stays away.
 * @throws INPUT_INVALID naming file and line: then nothing may be written
 */
export function mergeFiles(base: string, left: string, right: string, now: number): MergedFiles {
  const [was, one, other] = [sideOf("base", base), sideOf("left", left), sideOf("right", right)];
  const merged = new Map<string, string>();
  const both: string[] = [];
  const collisions: string[] = [];
  for (const id of new Set([...was.order, ...one.order, ...other.order])) {
    const [a, b, c] = [was.beads.get(id), one.beads.get(id), other.beads.get(id)];
    if (!a && !b && !c) {
      const kept = was.others.has(id) ? one.others.has(id) && other.others.has(id) : true;
      if (kept) merged.set(id, id);
    } else if (!b || !c) {
      // Taken away where it was there before, new where it was not.
      const only = b ?? c;
      if (only && !a) merged.set(id, only.line);
    } else if (b.line === c.line || c.line === a?.line) merged.set(id, b.line);
    else if (b.line === a?.line) merged.set(id, c.line);
    else {
      const strangers = !a && !isSame(b.bead, c.bead);
      if (strangers) collisions.push(id);
      else both.push(id);
      const [kept, noted] = strangers ? noting(b, c) : [b, c];
      merged.set(id, mergeBead(a, kept, noted, now));
    }
  }
  const added = [...merged.keys()].filter((key) => !was.beads.has(key) && !was.others.has(key));
  const place = (key: string) => createdAt(merged.get(key) ?? "");
  added.sort((x, y) => place(x) - place(y) || (x < y ? -1 : 1));
  const lines = [...was.order.filter((key) => merged.has(key)), ...added].map((key) => merged.get(key) ?? "");
  return { lines, both, collisions };
}

/** Where the same id was given twice, the words of the bead that came later stand in its notes too: nothing is lost. */
function noting(b: Version, c: Version): [Version, Version] {
  const [early, late] = (createdAt(b.line) - createdAt(c.line) || (b.line < c.line ? -1 : 1)) > 0 ? [c, b] : [b, c];
  const { title, description = "", notes = "" } = late.bead;
  const told = [notes, `(another bead with the id ${late.bead.id}: ${title})`, description].filter(
    (part) => part !== "",
  );
  const bead: BeadRecord = { ...late.bead, title: early.bead.title, notes: told.join("\n\n") };
  const { description: _, ...rest } = bead;
  const whole = early.bead.description === undefined ? rest : { ...rest, description: early.bead.description };
  return [early, versionOf(JSON.stringify(whole), whole as BeadRecord)];
}

function isSame(a: BeadRecord, b: BeadRecord): boolean {
  return a.created_at === b.created_at && a.created_by === b.created_by;
}

function createdAt(line: string): number {
  const { created_at } = JSON.parse(line);
  return (typeof created_at === "string" ? parseInstant(created_at)?.ms : undefined) ?? 0;
}

function sideOf(name: string, text: string): Side {
  const beads = new Map<string, Version>();
  const others = new Set<string>();
  const order: string[] = [];
  for (const [i, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    try {
      const parsed = parseLine(line);
      if (parsed === "other") others.add(line);
      else if (!parsed.id) throw new BarnacleError("INPUT_INVALID", "id: expected a text");
      else beads.set(parsed.id, versionOf(line, parsed));
      order.push(parsed === "other" ? line : parsed.id);
    } catch (error) {
      throw new BarnacleError("INPUT_INVALID", `${name}, line ${i + 1}: ${messageOf(error)}`, { cause: error });
    }
  }
  return { beads, others, order: [...new Set(order)] };
}
