import { BarnacleError } from "@barnacle/protocol/errors";
import type { CronPatch, CronSpec } from "../services.ts";
import { checkSchedule } from "./schedule.ts";

/** A specification as it is stored. @throws INPUT_INVALID naming what does not go together */
export async function checkedSpec(spec: CronSpec): Promise<CronSpec> {
  const { sessionTarget, payload, sessionKey } = spec;
  if (spec.name.trim() === "") throw invalid("name: expected some text");
  if (sessionTarget === "main" && payload.kind !== "systemEvent") {
    throw invalid('sessionTarget "main" takes payload.kind "systemEvent"; an agentTurn runs "isolated"');
  }
  if (sessionTarget !== "main" && payload.kind !== "agentTurn") {
    throw invalid(`sessionTarget "${sessionTarget.slice(0, 60)}" takes payload.kind "agentTurn"`);
  }
  if (sessionTarget === "current" && sessionKey === undefined) {
    throw invalid('sessionTarget "current" needs a sessionKey');
  }
  return { ...spec, name: spec.name.trim(), schedule: await checkSchedule(spec.schedule) };
}

/** `null` takes a member away; what is absent stays. The payload is merged when its kind is the same. */
export function patched(spec: CronSpec, patch: CronPatch): CronSpec {
  const next: Record<string, unknown> = { ...spec };
  for (const [name, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete next[name];
    else next[name] = value;
  }
  const { payload, delivery } = patch;
  if (payload && payload.kind === spec.payload.kind) next.payload = merged(spec.payload, payload);
  if (delivery && spec.delivery) next.delivery = merged(spec.delivery, delivery);
  for (const needed of ["name", "enabled", "schedule", "sessionTarget", "wakeMode", "payload"]) {
    if (next[needed] === undefined) throw invalid(`${needed} cannot be taken away`);
  }
  const { text, message } = next.payload as { text?: string; message?: string };
  if (text === undefined && message === undefined) throw invalid("payload: expected text or message");
  return next as unknown as CronSpec;
}

function merged(before: object, patch: object): object {
  return Object.fromEntries(Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null));
}

function invalid(text: string): BarnacleError {
  return new BarnacleError("INPUT_INVALID", `cron job: ${text}`);
}
