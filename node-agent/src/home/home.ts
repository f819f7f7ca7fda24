import type { DeviceIdentity } from "@barnacle/protocol/identity";
import type { NodeConfig, WakeEvent } from "@barnacle/protocol/mqtt";
import type { Clock, Log, Random, Unit } from "@barnacle/protocol/runtime";
import type {
  BoardTelemetry,
  CapabilityManifest,
  CommandRequest,
  CommandResult,
  JsonObject,
  VoiceTurnReply,
  VoiceTurnReport,
  VoiceTurnSpoken,
} from "@barnacle/protocol/schema";
import type { NodeConfiguration } from "../config/index.ts";
import type { NodeEvents } from "../events.ts";
import type { NodeHardware } from "../hardware/node-hardware.ts";
import type { Answerer } from "../pipeline/index.ts";
import type { Speaker } from "../speaker/index.ts";
import type { Settings } from "../state/index.ts";
import type { Counters } from "../telemetry/counters.ts";
import type { Wanted } from "../wanted/index.ts";

/** Whom the node belongs to: a hub, or somebody's gateway that it has joined. */
export interface Home extends Unit {
  readonly connected: boolean;
  /** Who answers what was said; absent: the turn's report is answered by `HomeParts.reply`. */
  readonly answers?: Answerer;
  wake(event: WakeEvent): void;
  turn(report: VoiceTurnReport): void;
  spoken(report: VoiceTurnSpoken): void;
  notice(kind: string, data: JsonObject): void;
  telemetry(sample: BoardTelemetry): Promise<void>;
  /** What the node can do may have changed. */
  changed(): void;
  /** Why messages for the home wait in memory only; absent: they do not. */
  readonly unsaved?: string | undefined;
  /** Ends an answer that is being given. @returns false when there is none */
  stopTalking(): boolean;
}

/** What a home needs of its node. */
export interface HomeParts {
  readonly config: NodeConfiguration;
  readonly setupCode: string | undefined;
  readonly identity: DeviceIdentity;
  readonly settings: Settings;
  readonly hardware: NodeHardware;
  readonly speaker: Speaker;
  readonly counters: Counters;
  readonly events: NodeEvents;
  readonly manifest: () => CapabilityManifest;
  /** At most once per key; never rejects. */
  readonly execute: (request: CommandRequest) => Promise<CommandResult>;
  /** Room, wake words and sentences that the home wants. */
  readonly apply: (config: NodeConfig) => Promise<void>;
  readonly reply: (reply: VoiceTurnReply) => void;
  /** What the hub wants of the node's configuration. */
  readonly wanted?: Wanted | undefined;
  /** The hub has been reached. */
  readonly online?: () => void;
  readonly health: () => Promise<BoardTelemetry>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
