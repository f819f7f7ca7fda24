import type { PolicyRequest } from "../services.ts";
import type { Rule } from "./rules.ts";

/** Why `rule` does not apply to `request`; undefined when it does. */
export function mismatch(rule: Rule, request: PolicyRequest): string | undefined {
  const { principal } = request;
  if (rule.action && rule.action !== request.action) return `it is about a ${rule.action}`;
  if (rule.principals && !rule.principals.some((p) => matchesPrincipal(p, principal))) {
    return `${principal.kind} is none of ${rule.principals.join(", ")}`;
  }
  if (rule.roles && !(principal.role && rule.roles.includes(principal.role))) {
    return `${principal.role ?? "no role"} is none of ${rule.roles.join(", ")}`;
  }
  if (rule.scopes && !rule.scopes.some((scope) => principal.scopes?.includes(scope))) {
    return `the caller lacks ${rule.scopes.join(" or ")}`;
  }
  if (rule.names && !rule.names.some((name) => matchesPattern(name, request.name))) {
    return `${request.name} is none of ${rule.names.join(", ")}`;
  }
  const excepted = rule.except?.find((name) => matchesPattern(name, request.name));
  if (excepted) return `${excepted} is excepted`;
  if (rule.rooms && !rule.rooms.some((room) => sameRoom(room, request.room))) {
    return `${request.room ?? "no room"} is none of ${rule.rooms.join(", ")}`;
  }
  if (rule.devices && !rule.devices.some((device) => matchesPattern(device, request.deviceId ?? ""))) {
    return "the device is not named";
  }
  const { appliance } = rule;
  if (
    appliance &&
    !request.appliances?.some((a) => a.kind === appliance.kind && appliance.actions.includes(a.action))
  ) {
    return `it does not ${appliance.actions.join(" or ")} a ${appliance.kind}`;
  }
  return undefined;
}

function matchesPrincipal(pattern: string, principal: PolicyRequest["principal"]): boolean {
  return matchesPattern(pattern, principal.kind) || matchesPattern(pattern, `${principal.kind}:${principal.id}`);
}

/** `*` matches any run of characters; nothing else is special. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (!pattern.includes("*")) return pattern === text;
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= text.length - last.length;
}

function sameRoom(a: string, b: string | undefined): boolean {
  return b !== undefined && a.toLowerCase() === b.toLowerCase();
}
