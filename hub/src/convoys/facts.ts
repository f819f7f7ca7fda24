import { BarnacleError } from "@barnacle/protocol/errors";

export const MERGES = ["direct", "mr", "local"] as const;
export type Merge = (typeof MERGES)[number];

/** What is known of a convoy besides the fields that every bead has. */
export interface ConvoyFacts {
  /** Who asked for it. */
  readonly owner?: string;
  /** Is told as well when it lands. */
  readonly notify?: string;
  readonly molecule?: string;
  /** How work of it reaches the default branch; as the rig has it when absent. */
  readonly merge?: Merge;
  readonly base_branch?: string;
  /** Get mail when it lands. */
  readonly watchers?: readonly string[];
  /** Get a nudge when it lands. */
  readonly nudge_watchers?: readonly string[];
}

const TEXTS = ["owner", "notify", "molecule", "merge", "base_branch"] as const;
const LISTS = ["watchers", "nudge_watchers"] as const;
const LINE = /^\s*([A-Za-z]+(?:[_-][A-Za-z]+)?)\s*:\s*(.*?)\s*$/;

/**
 * A convoy keeps them as `key: value` lines of its description, as the public tool does, so that its bead carries them
 * through files. The rest of the description is text.
 */
export function readFacts(description = ""): { readonly facts: ConvoyFacts; readonly text: string } {
  const found: Record<string, string | string[]> = {};
  const rest = description.split("\n").filter((line) => {
    const [, name = "", value = ""] = LINE.exec(line) ?? [];
    const key = name.toLowerCase().replace("-", "_");
    if ((LISTS as readonly string[]).includes(key)) found[key] = namesIn(value);
    else if (key === "merge" && !(MERGES as readonly string[]).includes(value)) return true;
    else if ((TEXTS as readonly string[]).includes(key)) found[key] = value;
    else return true;
    return false;
  });
  const facts = Object.fromEntries(Object.entries(found).filter(([, value]) => value.length > 0));
  return { facts, text: rest.join("\n").trim() };
}

export function writeFacts(text: string, facts: ConvoyFacts): string {
  const lines = [
    ...TEXTS.map((key) => [key, facts[key] ?? ""] as const),
    ...LISTS.map((key) => [key, (facts[key] ?? []).join(", ")] as const),
  ].filter(([, value]) => value !== "");
  return [text.trim(), lines.map(([key, value]) => `${key}: ${value}`).join("\n")].filter((part) => part).join("\n\n");
}

/** Names of people and addresses of agents are one line without a comma. @throws INPUT_INVALID */
export function checkName(what: string, name: string): string {
  const plain = name.trim();
  if (plain !== "" && plain.length <= 200 && !/[\n\r,]/.test(plain)) return plain;
  throw new BarnacleError("INPUT_INVALID", `${what}: expected a name or an address, found "${name.slice(0, 40)}"`);
}

/** @throws INPUT_INVALID */
export function checkMerge(merge: string): Merge {
  const found = MERGES.find((one) => one === merge);
  if (found) return found;
  throw new BarnacleError("INPUT_INVALID", `merge: "${merge.slice(0, 40)}" is none of ${MERGES.join(", ")}`);
}

function namesIn(value: string): string[] {
  const names = value.split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}
