import { BarnacleError } from "@barnacle/protocol/errors";
import type { JsonObject } from "@barnacle/protocol/schema";

const THINKING = ["off", "minimal", "low", "medium", "high", "xhigh"];

/**
 * What can be set per session, with its values where there is a closed list. Those that only a coding assistant acts on
 * (`exec…`, `elevatedLevel`) are kept and told again, since clients write and read them back; nothing here looks at them.
 */
const SETTINGS: Readonly<Record<string, readonly string[] | "text" | "any">> = {
  thinkingLevel: THINKING,
  verboseLevel: ["off", "on", "full"],
  reasoningLevel: ["off", "on", "stream"],
  elevatedLevel: ["off", "on", "ask", "full"],
  responseUsage: ["off", "tokens", "full", "on"],
  sendPolicy: ["allow", "deny"],
  groupActivation: ["mention", "always"],
  execHost: "text",
  execSecurity: "text",
  execAsk: "text",
  execNode: "text",
  model: "text",
  spawnedBy: "text",
  traceLevel: "text",
  contextWindow: "text",
  category: "text",
  icon: "text",
  color: "text",
  statusNote: "text",
  attention: "text",
  boardFace: ["chat", "dashboard"],
  permissionMode: ["read-only", "guarded", "workspace", "full"],
  fastMode: "any",
};

export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS);
export const THINKING_LEVELS: readonly string[] = THINKING;
const MAX_TEXT = 500;

/**
 * The settings with changes applied; null clears, and a level of `off` stays, since it overrides a default.
 * @throws INPUT_INVALID naming the setting and its values
 */
export function changedSettings(before: JsonObject, changes: Readonly<Record<string, unknown>>): JsonObject {
  const after: JsonObject = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    const allowed = Object.hasOwn(SETTINGS, name) ? SETTINGS[name] : undefined;
    if (allowed === undefined || value === undefined) continue;
    if (value === null) delete after[name];
    else after[name] = checked(name, value, allowed);
  }
  return after;
}

function checked(name: string, value: unknown, allowed: readonly string[] | "text" | "any"): string | boolean {
  if (allowed === "any" && typeof value === "boolean") return value;
  if (typeof value === "string" && value.length <= MAX_TEXT) {
    if (typeof allowed === "string") return value;
    const lower = value.trim().toLowerCase();
    if (allowed.includes(lower)) return lower;
  }
  const expected = typeof allowed === "string" ? `text up to ${MAX_TEXT} characters` : allowed.join(", ");
  throw new BarnacleError("INPUT_INVALID", `invalid ${name} "${String(value).slice(0, 40)}": expected ${expected}`);
}
