import { elementsOf, type MemberChanges, membersOf, patchLine } from "@barnacle/protocol/beads";

/**
 * One step from a line to the next, values as JSON texts. Lists that grow for ever (comments, dependencies) are changed by
 * one element, so that their history stays as long as they are.
 */
export type Change =
  | { readonly m: string; readonly from: string | null; readonly to: string | null }
  | { readonly m: string; readonly add: string }
  | { readonly m: string; readonly drop: string };

/** What an event did. `line`: it came whole, `before` being what it took the place of; `gone`: it left the store. */
export type EventBody =
  | { readonly changes: readonly Change[] }
  | { readonly line: string; readonly before?: string }
  | { readonly gone: string };

export function applyChanges(line: string, changes: readonly Change[]): string {
  let result = line;
  for (const change of changes) result = patchLine(result, new Map([[change.m, after(result, change)]]));
  return result;
}

/** The changes that lead from `line` to the same with `members`; nothing for those that stay. */
export function changesTo(line: string, members: MemberChanges): Change[] {
  const now = new Map(membersOf(line).map(({ name, raw }) => [name, raw]));
  return [...members].map(([m, to]) => ({ m, from: now.get(m) ?? null, to })).filter(({ from, to }) => from !== to);
}

function after(line: string, change: Change): string | null {
  if ("to" in change) return change.to;
  const elements = elementsOf(membersOf(line).find(({ name }) => name === change.m)?.raw ?? "[]");
  if ("add" in change) return `[${[...elements, change.add].join(",")}]`;
  const at = elements.indexOf(change.drop);
  if (at >= 0) elements.splice(at, 1);
  return elements.length === 0 ? null : `[${elements.join(",")}]`;
}
