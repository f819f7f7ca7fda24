import type { ScopeName } from "@barnacle/protocol/gateway";

/** Who hears an event and what happens to it when a listener is slow. */
export interface EventSpec {
  /** Operators need this scope; `all`: none; `direct`: never broadcast, sent to one connection without `seq`. */
  readonly gate: ScopeName | "all" | "direct";
  /** Connections of role node: never, always, or those that subscribed to the event's session. */
  readonly nodes: "no" | "yes" | "subscribed";
  /** A slow listener misses it instead of being closed. */
  readonly dropIfSlow: boolean;
}

const event = (gate: EventSpec["gate"], nodes: EventSpec["nodes"], dropIfSlow: boolean): EventSpec => ({
  gate,
  nodes,
  dropIfSlow,
});

/** Every event by name, from which broadcasting and `features.events` come. Source: gateway protocols 3 and 4, "events". */
export const EVENTS = {
  "connect.challenge": event("direct", "yes", false),
  "node.invoke.request": event("direct", "yes", false),
  "node.invoke.cancel": event("direct", "yes", false),
  tick: event("all", "yes", true),
  health: event("all", "yes", false),
  presence: event("all", "no", true),
  shutdown: event("all", "yes", false),
  "voicewake.changed": event("all", "yes", true),
  "voicewake.routing.changed": event("all", "yes", true),
  "device.pair.requested": event("pairing", "no", true),
  "device.pair.resolved": event("pairing", "no", true),
  "device.pair.setup.completed": event("admin", "no", true),
  "node.pair.requested": event("pairing", "no", true),
  "node.pair.resolved": event("pairing", "no", true),
  "exec.approval.requested": event("approvals", "no", true),
  "exec.approval.resolved": event("approvals", "no", true),
  "question.requested": event("questions", "no", true),
  "question.resolved": event("questions", "no", true),
  "config.changed": event("admin", "no", true),
  "node.presence": event("read", "no", true),
  "node.hostStats": event("read", "no", true),
  "node.runnerInventory.changed": event("read", "no", true),
  "users.prefs.changed": event("read", "no", true),
  "talk.mode": event("all", "yes", true),
  "talk.event": event("direct", "no", false),
  heartbeat: event("read", "no", true),
  cron: event("read", "no", true),
  agent: event("read", "subscribed", false),
  chat: event("read", "subscribed", false),
  "session.message": event("read", "no", false),
  "sessions.changed": event("read", "no", true),
  "barnacle.turn": event("read", "no", false),
  "beads.changed": event("read", "no", true),
  "convoys.changed": event("read", "no", true),
  "workspaces.changed": event("read", "no", true),
  "rigs.changed": event("read", "no", true),
  "worktrees.changed": event("read", "no", true),
  "workers.changed": event("read", "no", true),
  "hooks.changed": event("read", "no", true),
  "mail.changed": event("read", "no", true),
  "nudges.changed": event("read", "no", true),
  "escalations.changed": event("read", "no", true),
  "estop.changed": event("read", "no", true),
  "scheduler.changed": event("read", "no", true),
  "supervisor.changed": event("read", "no", true),
  "mayor.changed": event("read", "no", true),
  "witness.changed": event("read", "no", true),
  "mergequeue.changed": event("read", "no", true),
  "formulas.changed": event("read", "no", true),
  "barnacle.node.event": event("read", "no", true),
  "barnacle.job": event("read", "no", true),
} satisfies Record<string, EventSpec>;

export type EventName = keyof typeof EVENTS;
export const EVENT_NAMES: readonly string[] = Object.keys(EVENTS);
