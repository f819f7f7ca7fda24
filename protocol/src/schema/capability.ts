import { type Static, Type } from "@sinclair/typebox";
import { CommandName, DurationMs, JsonObject, literals, RoomName } from "./common.ts";
import { Inventory } from "./inventory.ts";

/** What a node can do, or why it can't: `{name: "audio.capture", available: false, reason: "no microphone"}`. */
export const Capability = Type.Object({
  name: CommandName,
  available: Type.Boolean(),
  /** Why it is not available; present when `available` is false. */
  reason: Type.Optional(Type.String({ maxLength: 500 })),
  /** The engine or driver behind it. */
  engine: Type.Optional(Type.String({ maxLength: 80 })),
  attributes: Type.Optional(JsonObject),
});
export type Capability = Static<typeof Capability>;

/** A command that a node accepts. `idempotent` commands may be retried on another node, others never. */
export const CommandSpec = Type.Object({
  name: CommandName,
  idempotent: Type.Boolean(),
  /** Longest useful wait; the hub's default is 30,000. */
  timeoutMs: Type.Optional(DurationMs),
  summary: Type.Optional(Type.String({ maxLength: 200 })),
});
export type CommandSpec = Static<typeof CommandSpec>;

export const APPLIANCE_KINDS = [
  "light",
  "switch",
  "fan",
  "heating",
  "cover",
  "lock",
  "media",
  "scene",
  "sensor",
] as const;
export const ApplianceKind = literals(APPLIANCE_KINDS);
export type ApplianceKind = (typeof APPLIANCE_KINDS)[number];

/** What can be asked of an appliance. `set` takes a level in percent. */
export const APPLIANCE_ACTIONS = [
  "on",
  "off",
  "set",
  "open",
  "close",
  "lock",
  "unlock",
  "start",
  "stop",
  "pause",
  "up",
  "down",
  "read",
] as const;
export const ApplianceAction = literals(APPLIANCE_ACTIONS);
export type ApplianceAction = (typeof APPLIANCE_ACTIONS)[number];

/** How a node performs one action: the command and its parameters; a level, if any, is put under `levelParam` (0 to 100). */
export const ActionBinding = Type.Object({
  command: CommandName,
  params: Type.Optional(JsonObject),
  levelParam: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
});
export type ActionBinding = Static<typeof ActionBinding>;

/** A thing in the home that is spoken of by name: "the kitchen light", "the front door". */
export const Appliance = Type.Object({
  /** Unique on its node; `[a-z0-9_-]`. */
  id: Type.String({ pattern: "^[a-z0-9_-]{1,64}$" }),
  /** As people say it, without the room: "light", "coffee maker". */
  name: Type.String({ minLength: 1, maxLength: 48 }),
  aliases: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 48 }), { maxItems: 8 })),
  kind: ApplianceKind,
  /** Absent: not in a room ("the front door"). */
  room: Type.Optional(RoomName),
  actions: Type.Partial(
    Type.Object(
      Object.fromEntries(APPLIANCE_ACTIONS.map((a) => [a, ActionBinding])) as Record<
        ApplianceAction,
        typeof ActionBinding
      >,
    ),
  ),
});
export type Appliance = Static<typeof Appliance>;

/** What a node says of itself: sent retained at birth and whenever it changes. */
export const CapabilityManifest = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 80 }),
  room: Type.Optional(RoomName),
  platform: Type.String({ minLength: 1, maxLength: 40 }),
  deviceFamily: Type.Optional(Type.String({ maxLength: 80 })),
  modelIdentifier: Type.Optional(Type.String({ maxLength: 120 })),
  agentVersion: Type.String({ minLength: 1, maxLength: 40 }),
  capabilities: Type.Array(Capability, { maxItems: 200 }),
  commands: Type.Array(CommandSpec, { maxItems: 200 }),
  appliances: Type.Array(Appliance, { maxItems: 500 }),
  /** Comes some time after the first start of a boot. */
  inventory: Type.Optional(Inventory),
});
export type CapabilityManifest = Static<typeof CapabilityManifest>;
