import { literals } from "@barnacle/protocol/schema";
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import type { CronSpec } from "../../services.ts";

const Text = (maxLength: number) => Type.String({ minLength: 1, maxLength });
const Time = Type.Integer({ minimum: 0, maximum: 8_640_000_000_000_000 });
const JOB_ID = Text(200);

/** Clients name a job by `id` or by `jobId`. */
export const Which = { id: Type.Optional(JOB_ID), jobId: Type.Optional(JOB_ID) };

const Schedule = Type.Union([
  Type.Object({ kind: Type.Literal("at"), at: Text(60) }),
  Type.Object({
    kind: Type.Literal("every"),
    everyMs: Type.Integer({ minimum: 1, maximum: 8_640_000_000_000_000 }),
    anchorMs: Type.Optional(Time),
  }),
  Type.Object({
    kind: Type.Literal("cron"),
    expr: Text(200),
    tz: Type.Optional(Type.String({ maxLength: 100 })),
    staggerMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
  }),
]);

const Message = Text(65_536);
const Timeout = Type.Number({ minimum: 0, maximum: 86_400 });
const OrNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

const Payload = Type.Union([
  Type.Object({ kind: Type.Literal("systemEvent"), text: Message }),
  Type.Object({
    kind: Type.Literal("agentTurn"),
    message: Message,
    model: Type.Optional(Type.String({ maxLength: 200 })),
    thinking: Type.Optional(Type.String({ maxLength: 40 })),
    timeoutSeconds: Type.Optional(Timeout),
  }),
]);

const PayloadPatch = Type.Union([
  Type.Object({ kind: Type.Literal("systemEvent"), text: Type.Optional(Message) }),
  Type.Object({
    kind: Type.Literal("agentTurn"),
    message: Type.Optional(Message),
    model: Type.Optional(OrNull(Type.String({ maxLength: 200 }))),
    thinking: Type.Optional(OrNull(Type.String({ maxLength: 40 }))),
    timeoutSeconds: Type.Optional(Timeout),
  }),
]);

const Delivery = Type.Object({
  mode: literals(["none", "announce"]),
  channel: Type.Optional(Text(100)),
  to: Type.Optional(Text(300)),
  bestEffort: Type.Optional(Type.Boolean()),
});
const DeliveryPatch = Type.Object({
  mode: Type.Optional(literals(["none", "announce"])),
  channel: Type.Optional(OrNull(Text(100))),
  to: Type.Optional(OrNull(Text(300))),
  bestEffort: Type.Optional(Type.Boolean()),
});

const Target = Type.String({ pattern: "^(main|isolated|current|session:.+)$", maxLength: 320 });
const WakeMode = literals(["now", "next-heartbeat"]);
const Key = Text(300);

export const CronAddParams = Type.Object({
  name: Text(200),
  declarationKey: Type.Optional(Text(200)),
  displayName: Type.Optional(Text(200)),
  agentId: Type.Optional(OrNull(Text(64))),
  sessionKey: Type.Optional(OrNull(Key)),
  description: Type.Optional(Type.String({ maxLength: 2000 })),
  enabled: Type.Optional(Type.Boolean()),
  deleteAfterRun: Type.Optional(Type.Boolean()),
  schedule: Schedule,
  sessionTarget: Target,
  wakeMode: WakeMode,
  payload: Payload,
  delivery: Type.Optional(Delivery),
});

export const CronPatchParams = Type.Object({
  name: Type.Optional(Text(200)),
  displayName: Type.Optional(OrNull(Text(200))),
  agentId: Type.Optional(OrNull(Text(64))),
  sessionKey: Type.Optional(OrNull(Key)),
  description: Type.Optional(Type.String({ maxLength: 2000 })),
  enabled: Type.Optional(Type.Boolean()),
  deleteAfterRun: Type.Optional(Type.Boolean()),
  schedule: Type.Optional(Schedule),
  sessionTarget: Type.Optional(Target),
  wakeMode: Type.Optional(WakeMode),
  payload: Type.Optional(PayloadPatch),
  delivery: Type.Optional(OrNull(DeliveryPatch)),
});

const Status = literals(["ok", "error", "skipped"]);

export const CronListParams = Type.Object({
  includeDisabled: Type.Optional(Type.Boolean()),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  query: Type.Optional(Type.String({ maxLength: 200 })),
  enabled: Type.Optional(literals(["all", "enabled", "disabled"])),
  scheduleKind: Type.Optional(Type.String({ maxLength: 20 })),
  lastRunStatus: Type.Optional(literals(["all", "ok", "error", "skipped", "unknown"])),
  sortBy: Type.Optional(literals(["nextRunAtMs", "updatedAtMs", "name"])),
  sortDir: Type.Optional(literals(["asc", "desc"])),
  agentId: Type.Optional(Text(64)),
  compact: Type.Optional(Type.Boolean()),
  includeDeliveryPreviews: Type.Optional(Type.Boolean()),
});
export type CronListParams = Static<typeof CronListParams>;

export const CronRunsParams = Type.Object({
  ...Which,
  runId: Type.Optional(Text(300)),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
  offset: Type.Optional(Type.Integer({ minimum: 0 })),
  statuses: Type.Optional(Type.Array(Status, { minItems: 1, maxItems: 3 })),
  status: Type.Optional(literals(["all", "ok", "error", "skipped"])),
  query: Type.Optional(Type.String({ maxLength: 200 })),
  sortDir: Type.Optional(literals(["asc", "desc"])),
});

/** Only the members that are known; what clients send besides does not reach the store. */
const SPEC_MEMBERS = Object.keys(CronAddParams.properties) as (keyof CronSpec)[];
const NESTED: Readonly<Record<string, readonly string[]>> = {
  schedule: ["kind", "at", "everyMs", "anchorMs", "expr", "tz", "staggerMs"],
  payload: ["kind", "text", "message", "model", "thinking", "timeoutSeconds"],
  delivery: ["mode", "channel", "to", "bestEffort"],
};

/** `null` stays: in a patch it takes a member away. */
export function knownMembers(params: object): Record<string, unknown> {
  const known = pick(params, SPEC_MEMBERS);
  for (const [name, members] of Object.entries(NESTED)) {
    const value = known[name];
    if (typeof value === "object" && value !== null) known[name] = pick(value, members);
  }
  return known;
}

function pick(value: object, members: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name, one]) => members.includes(name) && one !== undefined));
}
