import { BarnacleError, messageOf, toBarnacleError } from "@barnacle/protocol/errors";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import type { Commands, Principal, TurnCommand } from "../services.ts";
import type { Plan, PlannedStep } from "./plan.ts";

/** A switch answers in milliseconds; whoever spoke is waiting. */
const STEP_TIMEOUT_MS = 5_000;
const SPEECH_TIMEOUT_MS = 60_000;
/** Refusals come within this time; what takes longer is being spoken. */
const BACKGROUND_WAIT_MS = 600;

export interface Execution {
  readonly results: readonly TurnCommand[];
  /** Longest time a decision took. */
  readonly policyMs: number;
}

export interface ExecuteOptions {
  readonly commands: Commands;
  readonly clock: Clock;
  readonly log: Log;
}

/** Runs a plan's steps side by side through the one door. Step n of a turn always has the same key, so it is done once. */
export async function executePlan(
  plan: Plan,
  turn: { readonly turnId: string; readonly principal: Principal },
  options: ExecuteOptions,
): Promise<Execution> {
  let policyMs = 0;
  const results = await Promise.all(plan.steps.map((step, n) => run(step, n)));
  return { results, policyMs };

  async function run(step: PlannedStep, n: number): Promise<TurnCommand> {
    const { deviceId, command, params } = step;
    const shown = { deviceId, command, params };
    if (step.refused) return { ...shown, ok: false, error: step.refused };
    try {
      const invoked = options.commands.invoke({
        ...shown,
        idempotencyKey: `turn-${turn.turnId}-${n}`,
        principal: turn.principal,
        timeoutMs: step.background ? SPEECH_TIMEOUT_MS : STEP_TIMEOUT_MS,
        turnId: turn.turnId,
      });
      const outcome = step.background ? await begun(invoked, step) : await invoked;
      policyMs = Math.max(policyMs, outcome?.policyMs ?? 0);
      return { ...shown, ok: true, payload: outcome?.payload ?? {} };
    } catch (error) {
      return { ...shown, ok: false, error: toBarnacleError(error).toShape() };
    }
  }

  /** Undefined: still going on. */
  async function begun<T>(invoked: Promise<T>, step: PlannedStep): Promise<T | undefined> {
    let cancel = (): void => {};
    const patience = new Promise<undefined>((resolve) => {
      cancel = options.clock.after(BACKGROUND_WAIT_MS, () => resolve(undefined));
    });
    invoked.catch((error) => options.log.warn({ deviceId: step.deviceId, reason: messageOf(error) }, "speech failed"));
    try {
      return await Promise.race([invoked, patience]);
    } finally {
      cancel();
    }
  }
}

/** A step's own refusal, when no device can take it. */
export function unroutable(online: boolean, nodeName: string, reason: string | undefined): BarnacleError {
  const why = reason === undefined ? "" : `: ${reason}`;
  return online
    ? new BarnacleError("ROUTE_NONE", `${nodeName} cannot do this now${why}`)
    : new BarnacleError("DEVICE_OFFLINE", `${nodeName} is not connected${why}`);
}
