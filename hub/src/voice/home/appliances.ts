import type { ApplianceAction, ApplianceKind } from "@barnacle/protocol/schema";
import { type Resolution, resolveAppliance } from "../../household/index.ts";
import type { IntentMatch } from "../../intents/index.ts";
import type { HomeAppliance } from "../../services.ts";
import { capitalise, refusal } from "../compose.ts";
import type { Plan, TurnRequest } from "../plan.ts";
import { count, type HomeContext, type IntentHandler, speak, word } from "./context.ts";
import { applianceStep, offered, within } from "./steps.ts";

/** What a thing is after the action, and what it cannot be when it has no such action. */
const ACTIONS: Readonly<Record<ApplianceAction, { readonly after: string; readonly cannot: string }>> = {
  on: { after: "on", cannot: "switched on" },
  off: { after: "off", cannot: "switched off" },
  set: { after: "set", cannot: "set to a level" },
  open: { after: "open", cannot: "opened" },
  close: { after: "closed", cannot: "closed" },
  lock: { after: "locked", cannot: "locked" },
  unlock: { after: "unlocked", cannot: "unlocked" },
  start: { after: "running", cannot: "started" },
  stop: { after: "stopped", cannot: "stopped" },
  pause: { after: "paused", cannot: "paused" },
  up: { after: "turned up", cannot: "turned up" },
  down: { after: "turned down", cannot: "turned down" },
  read: { after: "read", cannot: "asked" },
};

const LEVELS: Readonly<Partial<Record<ApplianceKind, readonly [on: string, off: string]>>> = {
  lock: ["locked", "unlocked"],
  cover: ["open", "closed"],
};

export const act: IntentHandler = (match, request, home) => {
  const action = word(match.slots, "action") as ApplianceAction;
  return onNamed(match, request, home, ({ appliances, phrase, many }) =>
    perform(
      match,
      request,
      home,
      appliances,
      action,
      (done) => `${capitalise(phrase)} ${many ? "are" : "is"} ${afterwards(done, appliances[0]?.kind)}.`,
      phrase,
    ),
  );
};

export const set: IntentHandler = (match, request, home) => {
  const percent = count(match.slots, "percent") ?? 0;
  return onNamed(match, request, home, ({ appliances, phrase, many }) =>
    perform(
      match,
      request,
      home,
      appliances,
      "set",
      () => `${capitalise(phrase)} ${many ? "are" : "is"} at ${percent} percent.`,
      phrase,
      percent,
    ),
  );
};

export const color: IntentHandler = (match, request, home) =>
  onNamed(match, request, home, ({ phrase }) => {
    const text = `${capitalise(phrase)} cannot change color.`;
    return speak(match, text, refusal("COMMAND_UNKNOWN", text));
  });

export const unknown: IntentHandler = (match) =>
  nothing(match, `I know nothing here called ${word(match.slots, "name")}.`);

/** Everything that can be switched off, but for scenes, which are no things; doors and locks offer no `off` and stay as they are. */
export const allOff: IntentHandler = (match, request, home) => {
  const area = word(match.slots, "area");
  const room = word(match.slots, "room");
  const where = area ?? (room === undefined ? "" : `in the ${room}`);
  const appliances = within(home, room, area).filter(
    (appliance) => appliance.kind !== "scene" && offered(appliance, "off") !== undefined,
  );
  return perform(
    match,
    request,
    home,
    appliances,
    "off",
    () => `Everything${where && ` ${where}`} is off.`,
    `thing to switch off ${where || "here"}`,
  );
};

export const lights: IntentHandler = (match, request, home) => {
  const action = word(match.slots, "action") as ApplianceAction;
  const area = word(match.slots, "area");
  const room = word(match.slots, "room");
  const where = area ?? (room === undefined ? "" : `in the ${room}`);
  const appliances = within(home, room, area).filter(({ kind }) => kind === "light");
  return perform(
    match,
    request,
    home,
    appliances,
    action,
    (done) => `All lights${where && ` ${where}`} are ${done}.`,
    `light ${where || "here"}`,
  );
};

export const state: IntentHandler = (match, request, home) =>
  onNamed(match, request, home, ({ appliances, phrase, many }) => {
    const kind = appliances[0]?.kind;
    const [whenOn, whenOff] = (kind && LEVELS[kind]) ?? ["on", "off"];
    const asked = word(match.slots, "state") ?? whenOn;
    const steps = appliances.flatMap((appliance) => {
      const binding = appliance.actions.read;
      return binding ? [applianceStep(appliance, binding, request, home)] : [];
    });
    return {
      intent: `${kind}.state`,
      slots: match.slots,
      steps,
      reply: { kind: "state", phrase, many, asked, whenOn, whenOff },
    };
  });

export const scene: IntentHandler = (match, request, home) => {
  const name = word(match.slots, "name") ?? "";
  const scenes = home.household.appliances().filter(({ kind }) => kind === "scene");
  const found = resolveAppliance(scenes, { name });
  if (found.kind !== "found") return unknown(match, request, home);
  const running = () => `The ${name} scene is running.`;
  const plan = perform(match, request, home, found.appliances, "start", running, `the ${name} scene`);
  return { ...plan, intent: match.intent };
};

type Found = Extract<Resolution, { kind: "found" }>;

function afterwards(done: ApplianceAction, kind: ApplianceKind | undefined): string {
  return kind === "media" && done === "start" ? "playing" : ACTIONS[done].after;
}

/** Resolves the name in the sentence, or answers why that is not possible. */
export function onNamed(
  match: IntentMatch,
  request: TurnRequest,
  home: HomeContext,
  then: (found: Found) => Plan | Promise<Plan>,
): Plan | Promise<Plan> {
  const room = word(match.slots, "room");
  const resolution = resolveAppliance(home.household.appliances(), {
    name: word(match.slots, "name") ?? "",
    ...(room === undefined ? {} : { room }),
    ...(request.room === undefined ? {} : { speakerRoom: request.room }),
  });
  if (resolution.kind === "found") return then(resolution);
  if (resolution.kind === "unclear")
    return speak(match, resolution.question, refusal("INPUT_INVALID", "several rooms have one"));
  return nothing(match, resolution.reply);
}

/** Does `asked` to those that can; when none can, says so. The intent becomes `<kind>.<action>`. */
export function perform(
  match: IntentMatch,
  request: TurnRequest,
  home: HomeContext,
  appliances: readonly HomeAppliance[],
  asked: ApplianceAction,
  after: (done: ApplianceAction) => string,
  phrase: string,
  level?: number,
): Plan {
  const able = appliances.flatMap((appliance) => {
    const action = offered(appliance, asked);
    const binding = action === undefined ? undefined : appliance.actions[action];
    return action && binding
      ? [{ appliance, action, step: applianceStep(appliance, binding, request, home, level) }]
      : [];
  });
  const first = able[0];
  if (!first) {
    if (appliances.length === 0) return nothing(match, `There is no ${phrase}.`);
    const text = `${capitalise(phrase)} cannot be ${ACTIONS[asked].cannot}.`;
    return speak(match, text, refusal("COMMAND_UNKNOWN", text));
  }
  const one = able.every(({ appliance }) => appliance.kind === first.appliance.kind);
  return {
    intent: one ? `${first.appliance.kind}.${first.action}` : `home.${first.action}`,
    slots: match.slots,
    steps: able.map(({ step }) => step),
    reply: { kind: "done", text: after(first.action) },
  };
}

function nothing(match: IntentMatch, text: string): Plan {
  return speak(match, text, refusal("APPLIANCE_UNKNOWN", text));
}
