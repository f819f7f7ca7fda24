import { BarnacleError } from "@barnacle/protocol/errors";

export const ROLES = ["mayor", "deacon", "dog", "witness", "refinery", "polecat", "crew", "overseer"] as const;
export type Role = (typeof ROLES)[number];

/** Who an agent is. `text` is the full form: git author, assignee of beads, BARNACLE_ACTOR. */
export interface Address {
  readonly text: string;
  readonly role: Role;
  readonly rig?: string;
  readonly name?: string;
}

const WORD = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
const TOWN_ROLES: Readonly<Record<string, Role>> = { mayor: "mayor", deacon: "deacon", overseer: "overseer" };
const RIG_ROLES: Readonly<Record<string, Role>> = { witness: "witness", refinery: "refinery" };
const KINDS: Readonly<Record<string, "polecat" | "crew">> = { polecats: "polecat", polecat: "polecat", crew: "crew" };

/**
 * Reads every form: `mayor/`, `deacon/`, `deacon/dogs/<name>`, `overseer`, `<rig>/witness`, `<rig>/refinery`,
 * `<rig>/polecats/<name>`, `<rig>/crew/<name>`, and the short `<rig>/<name>`, which is a crew member's when `isCrew` says so
 * and a polecat's otherwise.
 * @returns undefined when it is none of them, such as the name of a rig alone
 */
export function parseAddress(
  text: string,
  isCrew: (rig: string, name: string) => boolean = () => false,
): Address | undefined {
  const parts = text.trim().replace(/\/$/, "").split("/");
  if (parts.some((part) => !WORD.test(part))) return undefined;
  const [first = "", second, third] = parts;
  const town = TOWN_ROLES[first];
  if (parts.length === 1) return town && { text: town === "overseer" ? town : `${town}/`, role: town };
  if (first === "deacon" && second === "dogs" && third !== undefined && parts.length === 3) {
    return { text: `deacon/dogs/${third}`, role: "dog", name: third };
  }
  if (town !== undefined || second === undefined || parts.length > 3) return undefined;
  const role = RIG_ROLES[second];
  if (parts.length === 2) {
    if (role) return { text: `${first}/${second}`, role, rig: first };
    if (KINDS[second] !== undefined) return undefined;
    return member(first, isCrew(first, second) ? "crew" : "polecat", second);
  }
  const kind = KINDS[second];
  return kind && third !== undefined ? member(first, kind, third) : undefined;
}

/** @throws INPUT_INVALID naming the forms */
export function needAddress(text: string, isCrew?: (rig: string, name: string) => boolean): Address {
  const found = parseAddress(text, isCrew);
  if (found) return found;
  throw new BarnacleError(
    "INPUT_INVALID",
    `"${text.slice(0, 80)}" is no agent's address; expected mayor/, <rig>/witness, <rig>/polecats/<name>, <rig>/crew/<name> or <rig>/<name>`,
  );
}

export function polecat(rig: string, name: string): Address {
  return member(rig, "polecat", name);
}

/** The id that records of agents have elsewhere: `hq-mayor`, `gt-gastown-polecat-nux`. */
export function agentBeadId({ role, rig, name }: Address, prefix = "hq"): string {
  return [rig === undefined ? "hq" : prefix, rig, role, name].filter((part) => part !== undefined).join("-");
}

/** The address as the name of a directory. */
export function directoryOf(address: string): string {
  return address.replace(/\/$/, "").replaceAll("/", "+");
}

function member(rig: string, role: "polecat" | "crew", name: string): Address {
  return { text: `${rig}/${role === "crew" ? "crew" : "polecats"}/${name}`, role, rig, name };
}
