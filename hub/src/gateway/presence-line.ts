import type { PresenceFacts } from "./presence.ts";

const MARK = "Node:";

/**
 * `Node: <host> (<ip>) · app <v> · last input <n>s ago · mode <m> · reason <r>`, by which apps say that they are there.
 * Undefined for any other text. Source: gateway protocol 3, "system-event".
 */
export function presenceLine(text: string): (PresenceFacts & { reason?: string }) | undefined {
  if (!text.startsWith(MARK)) return undefined;
  const [who = "", ...rest] = text
    .slice(MARK.length)
    .split("·")
    .map((part) => part.trim());
  const [, host, ip] = /^(.*?)(?:\s*\(([^()]*)\))?$/.exec(who) ?? [];
  const said = (name: RegExp) => rest.map((part) => name.exec(part)?.[1]).find((value) => value !== undefined);
  const input = said(/^last input (\d+)\s*s ago$/);
  return known({
    ...{ host, ip, version: said(/^app (.+)$/), mode: said(/^mode (.+)$/), reason: said(/^reason (.+)$/) },
    lastInputSeconds: input === undefined ? undefined : Number(input),
  });
}

function known(facts: object): object {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined && value !== ""));
}
