import { messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Commands, Principal, RouteRequest, Router, TurnRecord } from "../services.ts";
import { composeAnswer } from "./compose.ts";
import { executePlan } from "./execute.ts";
import type { Otherwise, Plan, Responder, TurnRequest } from "./plan.ts";
import { shape, unheard } from "./records.ts";
import type { HubSpans } from "./spans.ts";

export interface AnswererOptions {
  readonly responders: readonly Responder[];
  readonly otherwise?: Otherwise | undefined;
  readonly commands: Commands;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
}

/** The intent of a turn that an agent answered. */
export const AGENT_INTENT = "agent";

/** Keeps a turn on disk while it is being answered. */
export type KeepTurn = (turn: TurnRecord, plan: Plan) => Promise<void>;

/** Works out what a turn means, has it done, and puts the reply into words. */
export class Answerer {
  readonly #options: AnswererOptions;

  constructor(options: AnswererOptions) {
    this.#options = options;
  }

  /**
   * @param kept the plan of an earlier try, which a restart cut short: it is gone on with, so that nothing is done twice
   * @param keep called before anything is done
   * @returns the turn with intent, commands and reply; its status is left to the caller
   */
  async answer(
    turn: TurnRecord,
    principal: Principal,
    kept: Plan | undefined,
    spans: HubSpans,
    keep: KeepTurn,
  ): Promise<TurnRecord> {
    if (turn.outcome !== "transcript" || turn.transcript === undefined) return { ...turn, ...unheard(turn), ok: false };
    try {
      const plan = kept ?? (await this.#plan(turn, turn.transcript, principal, spans));
      if (!plan) return await this.#free(turn, principal, spans);
      const planned = withPlan(turn, plan);
      if (plan.steps.length > 0) await keep(planned, plan);
      return await this.#carryOut(planned, plan, principal, spans);
    } catch (error) {
      this.#options.log.error({ turnId: turn.turnId, reason: messageOf(error) }, "a turn could not be answered");
      return { ...turn, ok: false, reply: "Sorry, something went wrong.", error: toBarnacleError(error).toShape() };
    }
  }

  async #free(turn: TurnRecord, principal: Principal, spans: HubSpans): Promise<TurnRecord> {
    const start = spans.now();
    const answer = await this.#options.otherwise?.(turn, principal);
    if (!answer) return notUnderstood(turn);
    spans.add("agent", start, spans.now() - start);
    return { ...turn, intent: AGENT_INTENT, ...answer };
  }

  async #plan(turn: TurnRecord, text: string, principal: Principal, spans: HubSpans): Promise<Plan | undefined> {
    const { clock, responders, router } = this.#options;
    const start = spans.now();
    let routeMs = 0;
    const route = (request: RouteRequest) => {
      const before = clock.monotonic();
      const decision = router.route(request);
      routeMs += clock.monotonic() - before;
      return decision;
    };
    const { turnId, source, deviceId, room } = turn;
    const request: TurnRequest = {
      turnId,
      text,
      source,
      ...(deviceId === undefined ? {} : { deviceId }),
      ...(room === undefined ? {} : { room }),
      principal,
      route,
    };
    let plan: Plan | undefined;
    for (const responder of responders) {
      plan = await responder.plan(request);
      if (plan) break;
    }
    const intentMs = spans.now() - start - routeMs;
    spans.add("intent", start, intentMs);
    if (plan && plan.steps.length > 0) spans.add("route", start + intentMs, routeMs);
    return plan;
  }

  async #carryOut(turn: TurnRecord, plan: Plan, principal: Principal, spans: HubSpans): Promise<TurnRecord> {
    const start = spans.now();
    const { results, policyMs } = await executePlan(plan, { turnId: turn.turnId, principal }, this.#options);
    if (plan.steps.length > 0) {
      spans.add("policy", start, policyMs);
      spans.add("command", start + policyMs, spans.now() - start - policyMs);
    }
    return { ...turn, commands: results, ...composeAnswer(plan, results) };
  }
}

function withPlan(turn: TurnRecord, plan: Plan): TurnRecord {
  const step = plan.steps[0];
  return {
    ...turn,
    status: "answering",
    intent: plan.intent,
    slots: plan.slots,
    ...(step ? { route: { deviceId: step.deviceId, why: step.why } } : {}),
  };
}

function notUnderstood(turn: TurnRecord): TurnRecord {
  const error = shape("NOT_UNDERSTOOD", `"${turn.transcript}" is none of the household's sentences`);
  return { ...turn, ok: false, reply: "Sorry, I did not understand that.", error };
}
