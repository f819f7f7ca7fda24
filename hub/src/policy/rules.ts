import type { ApplianceAction, ApplianceKind } from "@barnacle/protocol/schema";
import type { PolicyRule } from "../config/schema.ts";
import { STOPPER } from "../estop/harmless.ts";
import type { AgentRole } from "../services.ts";
import { ROLE_RULES } from "./roles.ts";

/** A rule as it is evaluated. A member that is absent matches everything. */
export interface Rule {
  readonly id: string;
  readonly effect: "allow" | "ask" | "deny";
  readonly source: "config" | "built-in";
  readonly action?: "command" | "method";
  /** `operator`, `voice:*`, … */
  readonly principals?: readonly string[];
  /** Of agents: any of these. */
  readonly roles?: readonly AgentRole[];
  /** Any of these gateway scopes. */
  readonly scopes?: readonly string[];
  readonly names?: readonly string[];
  readonly except?: readonly string[];
  readonly rooms?: readonly string[];
  readonly devices?: readonly string[];
  /** Matches only when the command would do one of `actions` to a thing of this kind. */
  readonly appliance?: { readonly kind: ApplianceKind; readonly actions: readonly ApplianceAction[] };
}

/** What looks into people's lives or speaks in their name. */
const PRIVATE = ["camera.snap", "camera.clip", "screen.record", "location.get", "sms.*", "contacts.*", "calendar.*"];

/**
 * What holds without any configuration.
 *
 * | rule | who | what |
 * | --- | --- | --- |
 * | `voice-no-unlock` | voice | may not unlock or open a lock: whoever can be heard through a window could |
 * | `ask-system-run` | operators with `operator.admin` or `operator.write` | `system.run`, once somebody with `operator.approvals` said yes |
 * | `operator-admin` | operators with `operator.admin` | everything |
 * | `operator-write` | operators with `operator.write` | every command but `system.*`, cameras, screens, whereabouts, messages, contacts, calendars |
 * | `operator-node-host` | operators with `operator.write` | `system.which`, `system.run.prepare`, `system.notify`: which programs a node has, what it would run, a notice on its screen |
 * | `operator-method` | operators | gateway methods; the scope of each is checked by the gateway before |
 * | `voice-home` | voice | what a household says aloud: GPIO, speech, sound, `device.identify` |
 * | `system-announce` | the hub itself | speech and sound, for timers and announcements |
 * | `agent-<role>` | agents of that role | methods of the work half, by the capabilities of the role (`roles.ts`); no command |
 * | `emergency-safe` | the emergency stop | `gpio.list`, `gpio.write`: outputs take the safe values that nodes declare |
 *
 * While an emergency stop holds, `emergency-stop` comes before all of them and refuses every command that could move
 * something (`estop/harmless.ts`); it is no rule of the configuration's to replace.
 *
 * `audio.capture` and `audio.mute` are not for voice: a muted node could not be unmuted by voice, and nobody should be
 * able to open a microphone by talking to another one.
 *
 * A configured rule with the id of a built-in one replaces it and inherits what it does not state. So
 * `{id: voice-no-unlock, effect: allow}` lets voices unlock, and nothing else.
 */
export const BUILT_IN_RULES: readonly Rule[] = [
  {
    id: "voice-no-unlock",
    effect: "deny",
    source: "built-in",
    action: "command",
    principals: ["voice"],
    appliance: { kind: "lock", actions: ["unlock", "open"] },
  },
  {
    id: "ask-system-run",
    effect: "ask",
    source: "built-in",
    action: "command",
    principals: ["operator"],
    scopes: ["operator.admin", "operator.write"],
    names: ["system.run"],
  },
  { id: "operator-admin", effect: "allow", source: "built-in", principals: ["operator"], scopes: ["operator.admin"] },
  {
    id: "operator-write",
    effect: "allow",
    source: "built-in",
    action: "command",
    principals: ["operator"],
    scopes: ["operator.write"],
    except: ["system.*", ...PRIVATE],
  },
  {
    id: "operator-node-host",
    effect: "allow",
    source: "built-in",
    action: "command",
    principals: ["operator"],
    scopes: ["operator.write"],
    names: ["system.which", "system.run.prepare", "system.notify"],
  },
  { id: "operator-method", effect: "allow", source: "built-in", action: "method", principals: ["operator"] },
  {
    id: "voice-home",
    effect: "allow",
    source: "built-in",
    action: "command",
    principals: ["voice"],
    names: [
      "gpio.read",
      "gpio.write",
      "gpio.pwm",
      "gpio.pulse",
      "talk.*",
      "audio.play",
      "audio.stop",
      "audio.volume",
      "device.identify",
    ],
  },
  {
    id: "system-announce",
    effect: "allow",
    source: "built-in",
    action: "command",
    principals: ["system"],
    names: ["talk.*", "audio.play", "audio.stop"],
  },
  ...ROLE_RULES,
  {
    id: "emergency-safe",
    effect: "allow",
    source: "built-in",
    action: "command",
    principals: [`${STOPPER.kind}:${STOPPER.id}`],
    names: ["gpio.list", "gpio.write"],
  },
];

/** Configured rules first, in their order; then the built-in ones that none of them replaces. */
export function combineRules(configured: readonly PolicyRule[]): readonly Rule[] {
  const builtIn = new Map(BUILT_IN_RULES.map((rule) => [rule.id, rule]));
  const own = configured.map((rule): Rule => {
    const replaced = builtIn.get(rule.id);
    builtIn.delete(rule.id);
    return { ...replaced, ...withoutUndefined(rule), source: "config" };
  });
  return [...own, ...builtIn.values()];
}

function withoutUndefined(rule: PolicyRule): PolicyRule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined)) as PolicyRule;
}
