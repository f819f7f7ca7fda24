import { BarnacleError } from "@barnacle/protocol/errors";

/** Without a dash: the prefix of an id is what stands before its first one, so ids of two rigs never meet. */
const PREFIX = /^[a-z][a-z0-9]{0,15}$/;
/** Work that belongs to no rig. */
const RESERVED = new Set(["hq", "external"]);

/** @throws INPUT_INVALID */
export function checkRigPrefix(prefix: string): string {
  if (RESERVED.has(prefix)) throw new BarnacleError("INPUT_INVALID", `prefix: "${prefix}" is the household's own`);
  if (PREFIX.test(prefix)) return prefix;
  throw new BarnacleError(
    "INPUT_INVALID",
    `prefix: "${prefix.slice(0, 40)}"; expected a small letter, then small letters and digits, at most 16, no dash`,
  );
}

/** The prefix of a bead's id: `gt` of `gt-a1b2`, `gt-mol-x1y` and `gt-a1b2.3`. */
export function prefixOf(id: string): string | undefined {
  const dash = id.indexOf("-");
  return dash > 0 ? id.slice(0, dash) : undefined;
}

/** What a rig's name suggests, the shortest that is free: initials of its words, else its first letters. */
export function derivePrefix(name: string, taken: (prefix: string) => boolean): string {
  for (const prefix of suggestions(name)) {
    if (PREFIX.test(prefix) && !RESERVED.has(prefix) && !taken(prefix)) return prefix;
  }
  throw new BarnacleError("CONFLICT", `no free prefix was found for ${name}; name one with --prefix`);
}

function* suggestions(name: string): Generator<string> {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const initials = words.map((word) => word[0]).join("");
  const letters = words.join("").replace(/^[^a-z]+/, "");
  if (words.length > 1) yield initials.slice(0, 4);
  for (let length = 2; length <= Math.min(letters.length, 16); length++) yield letters.slice(0, length);
  const stem = (words.length > 1 ? initials : letters).slice(0, 4) || "rig";
  for (let number = 2; number < 1000; number++) yield `${stem}${number}`;
}
