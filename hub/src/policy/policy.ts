import type { PolicyRule } from "../config/schema.ts";
import type { Decision, Policy, PolicyExplanation, PolicyRequest } from "../services.ts";
import { mismatch } from "./match.ts";
import { combineRules, type Rule } from "./rules.ts";

export interface HousePolicyOptions {
  /** From the configuration, tried before the built-in ones. */
  readonly rules: readonly PolicyRule[];
}

/**
 * The one decision about every command. The first deny that matches decides; without one the first allow; without either
 * the answer is no. Nothing is read but the request and the rules, so a decision can be explained without being carried out.
 */
export class HousePolicy implements Policy {
  readonly #denials: readonly Rule[];
  readonly #permissions: readonly Rule[];

  constructor(options: HousePolicyOptions) {
    const rules = combineRules(options.rules);
    this.#denials = rules.filter((rule) => rule.effect === "deny");
    this.#permissions = rules.filter((rule) => rule.effect === "allow");
  }

  decide(request: PolicyRequest): Decision {
    const rule =
      this.#denials.find((r) => mismatch(r, request) === undefined) ??
      this.#permissions.find((r) => mismatch(r, request) === undefined);
    return decisionOf(rule, request);
  }

  explain(request: PolicyRequest): PolicyExplanation {
    const rules = [...this.#denials, ...this.#permissions].map((rule) => {
      const why = mismatch(rule, request);
      const { id, effect, source } = rule;
      return { id, effect, source, matched: why === undefined, why: why ?? "it matches" };
    });
    return { decision: this.decide(request), rules };
  }
}

function decisionOf(rule: Rule | undefined, request: PolicyRequest): Decision {
  const what = `${request.name} for ${request.principal.kind} ${request.principal.name ?? request.principal.id}`;
  if (!rule) return { effect: "deny", rule: "default-deny", reason: `no rule allows ${what}` };
  const verb = rule.effect === "allow" ? "allows" : "forbids";
  return { effect: rule.effect, rule: rule.id, reason: `${rule.source} rule ${rule.id} ${verb} ${what}` };
}
