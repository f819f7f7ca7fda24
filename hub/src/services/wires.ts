import type { NodeState, NoticeEvent, WakeEvent } from "@barnacle/protocol/mqtt";
import type { NodeActual } from "@barnacle/protocol/node-config";
import type { Events } from "@barnacle/protocol/runtime";
import type {
  BoardTelemetry,
  CapabilityManifest,
  VoiceTurnReply,
  VoiceTurnReport,
  VoiceTurnSpoken,
} from "@barnacle/protocol/schema";

/** Sends to MQTT nodes outside of commands. */
export interface NodeMessenger {
  reply(deviceId: string, reply: VoiceTurnReply): void;
  ack(deviceId: string, ids: readonly string[]): void;
  /** Sends every node that is there its config again, if something in it has changed. */
  refreshConfig(): void;
}

/** What the broker hands inward, decoded and checked. Each promise resolves after the content is stored; then it is acknowledged. */
export interface NodeInbound {
  state(deviceId: string, state: NodeState): Promise<void>;
  caps(deviceId: string, manifest: CapabilityManifest): Promise<void>;
  telemetry(deviceId: string, telemetry: BoardTelemetry): Promise<void>;
  actual(deviceId: string, actual: NodeActual): Promise<void>;
  wake(deviceId: string, event: WakeEvent): Promise<void>;
  /** The same id again is the same event. */
  notice(deviceId: string, id: string, event: NoticeEvent): Promise<void>;
  turn(deviceId: string, report: VoiceTurnReport): Promise<void>;
  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void>;
}

/** The global wake words, stored, pushed to every node. */
export interface WakeWords {
  readonly events: Events<{ changed: { readonly words: readonly string[] } }>;
  get(): readonly string[];
  set(words: readonly string[]): Promise<readonly string[]>;
}

/** Who hears what is said after a wake phrase: the session of the room, an agent's main session, or a session. */
export type WakeTarget = { readonly mode: "current" } | { readonly agentId: string } | { readonly sessionKey: string };

export interface WakeRoute {
  readonly trigger: string;
  readonly target: WakeTarget;
}

export interface WakeRoutingConfig {
  readonly version: 1;
  readonly defaultTarget: WakeTarget;
  readonly routes: readonly WakeRoute[];
  readonly updatedAtMs: number;
}

/** Stored, pushed to every native node. */
export interface WakeRouting {
  readonly events: Events<{ changed: { readonly config: WakeRoutingConfig } }>;
  get(): WakeRoutingConfig;
  /** What is absent stays. @throws INPUT_INVALID */
  set(wanted: { defaultTarget?: WakeTarget; routes?: readonly WakeRoute[] }): Promise<WakeRoutingConfig>;
  target(phrase: string | undefined): WakeTarget;
}

/** Counters for `status` and metrics, by name: `mqtt.malformed.turn`. */
export interface Counters {
  add(name: string, by?: number): void;
  snapshot(): Readonly<Record<string, number>>;
}
