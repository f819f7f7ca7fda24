import { BarnacleError } from "@barnacle/protocol/errors";

/** The person everything is done for. */
export const OVERSEER = "overseer";
/** Agents of the whole town, of which there is one each. */
const TOWN = new Set(["mayor", "deacon"]);
const PEOPLE = new Set(["overseer", "human", "--human"]);
/** People are called by their names, so parts may have spaces. */
const ADDRESS = /^[\p{L}\p{N}][^/*,:\p{Cc}]*(?:\/[\p{L}\p{N}][^/*,:\p{Cc}]*){0,4}$/u;

/**
 * One spelling for each agent: `mayor/`, `<rig>/witness`, `<rig>/polecats/<name>`, `<rig>/crew/<name>`, `overseer`, the name of
 * a person.
 * @throws INPUT_INVALID
 */
export function addressOf(text: string): string {
  const word = text.trim();
  const bare = word.replace(/\/$/, "");
  if (PEOPLE.has(bare)) return OVERSEER;
  if (TOWN.has(bare)) return `${bare}/`;
  if (bare.length <= 200 && ADDRESS.test(bare)) return bare;
  throw new BarnacleError(
    "INPUT_INVALID",
    `"${word.slice(0, 60)}" is no address; expected mayor/, <rig>/witness, <rig>/polecats/<name>, <rig>/crew/<name> or overseer`,
  );
}

/** Who writes, in the same spelling where it is one; a part of the hub may have any name. */
export function senderOf(text: string): string {
  try {
    return addressOf(text);
  } catch {
    return text.replaceAll(/[*,:\p{Cc}]+/gu, "-").slice(0, 200) || "hub";
  }
}

/** `*` stands for one part of an address; the last one for all that follow: `*` + `/witness`, `garden/polecats/*`. */
export function matchesAddress(pattern: string, address: string): boolean {
  if (pattern === "*") return true;
  const wanted = pattern.replace(/\/$/, "").split("/");
  const parts = address.replace(/\/$/, "").split("/");
  if (wanted.at(-1) === "*" ? parts.length < wanted.length : parts.length !== wanted.length) return false;
  return wanted.every((part, i) => part === "*" || part === parts[i]);
}
