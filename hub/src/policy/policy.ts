import type { PolicyRule } from "../config/schema.ts";
import { HARMLESS, STOPPER } from "../estop/harmless.ts";
import { stopText } from "../estop/text.ts";
import type { Decision, EmergencyStops, Policy, PolicyExplanation, PolicyRequest } from "../services.ts";
import { mismatch } from "./match.ts";
import { combineRules, type Rule } from "./rules.ts";

export interface HousePolicyOptions {
  /** From the configuration, tried before the built-in ones. */
  readonly rules: readonly PolicyRule[];
  /** While it holds, nothing that could move something is allowed, whatever the rules say. */
  readonly estop?: Pick<EmergencyStops, "state"> | undefined;
}

/** The rule of the emergency stop. It stands before all others, and no configuration replaces it. */
export const EMERGENCY: Rule = {
  id: "emergency-stop",
  effect: "deny",
  source: "built-in",
  action: "command",
  except: HARMLESS,
};

/**
 * The one decision about every command. The first deny that matches decides; without one the first that asks a person, then
 * the first allow; without any the answer is no. Nothing is read but the request and the rules, so a decision can be explained without being carried out.
 */
export class HousePolicy implements Policy {
  #denials: readonly Rule[] = [];
  #questions: readonly Rule[] = [];
  #permissions: readonly Rule[] = [];
  readonly #estop: HousePolicyOptions["estop"];

  constructor(options: HousePolicyOptions) {
    this.#estop = options.estop;
    this.use(options.rules);
  }

  /** Configured rules, in place of those that hold now. */
  use(configured: readonly PolicyRule[]): void {
    const rules = combineRules(configured);
    this.#denials = rules.filter((rule) => rule.effect === "deny");
    this.#questions = rules.filter((rule) => rule.effect === "ask");
    this.#permissions = rules.filter((rule) => rule.effect === "allow");
  }

  decide(request: PolicyRequest): Decision {
    if (this.#whyNotStopped(request) === undefined) {
      return { effect: "deny", rule: EMERGENCY.id, reason: this.#why, emergency: true };
    }
    const rule =
      this.#denials.find((r) => mismatch(r, request) === undefined) ??
      this.#questions.find((r) => mismatch(r, request) === undefined) ??
      this.#permissions.find((r) => mismatch(r, request) === undefined);
    return decisionOf(rule, request);
  }

  explain(request: PolicyRequest): PolicyExplanation {
    const first = this.#estop?.state().stopped ? [EMERGENCY] : [];
    const rules = [...first, ...this.#denials, ...this.#questions, ...this.#permissions].map((rule) => {
      const why = rule === EMERGENCY ? this.#whyNotStopped(request) : mismatch(rule, request);
      const { id, effect, source } = rule;
      return { id, effect, source, matched: why === undefined, why: why ?? "it matches" };
    });
    return { decision: this.decide(request), rules };
  }

  get #why(): string {
    return stopText(this.#estop?.state() ?? { stopped: true });
  }

  /** Why the emergency stop has nothing against it; undefined: it has. */
  #whyNotStopped(request: PolicyRequest): string | undefined {
    if (!this.#estop?.state().stopped) return "no emergency stop holds";
    const { kind, id } = request.principal;
    if (kind === STOPPER.kind && id === STOPPER.id) return "it makes outputs safe";
    return mismatch(EMERGENCY, request);
  }
}

const VERBS = { allow: "allows", ask: "asks a person about", deny: "forbids" } as const;

function decisionOf(rule: Rule | undefined, request: PolicyRequest): Decision {
  const { kind, role, name, id } = request.principal;
  const what = `${request.name} for ${role ?? kind} ${name ?? id}`;
  if (!rule) return { effect: "deny", rule: "default-deny", reason: `no rule allows ${what}` };
  const verb = VERBS[rule.effect];
  return { effect: rule.effect, rule: rule.id, reason: `${rule.source} rule ${rule.id} ${verb} ${what}` };
}
