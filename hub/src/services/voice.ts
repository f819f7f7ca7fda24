import type { ErrorShape } from "@barnacle/protocol/errors";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import type { Events } from "@barnacle/protocol/runtime";
import type {
  Appliance,
  JsonObject,
  TurnSpan,
  VoiceTurnReport,
  VoiceTurnSpoken,
  WakeDetection,
} from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

/** An appliance with the node that carries it, if any is known. */
export interface HomeAppliance extends Appliance {
  readonly deviceId?: string;
}

/** Rooms and appliances: what the config names plus what the paired nodes declare. */
export interface Household {
  readonly events: Events<{ changed: { readonly grammarHash: string } }>;
  rooms(): readonly string[];
  appliances(): readonly HomeAppliance[];
  /** JSGF made from rooms, appliances and intents; the matcher uses the same source. */
  grammar(): {
    readonly hash: string;
    readonly jsgf: string;
    readonly pronunciations: Readonly<Record<string, string>>;
  };
}

export type TurnStatus = "received" | "answering" | "done" | "failed";

export interface TurnCommand {
  readonly deviceId: string;
  readonly command: string;
  readonly params: JsonObject;
  readonly ok: boolean;
  readonly payload?: JsonObject;
  readonly error?: ErrorShape;
}

/** One voice exchange, from wake to spoken reply. */
export interface TurnRecord {
  readonly turnId: string;
  /** `voice`, or `text` for `barnacle ask`. */
  readonly source: "voice" | "text";
  readonly deviceId?: string;
  readonly room?: string;
  readonly startedAt: number;
  readonly status: TurnStatus;
  readonly outcome: VoiceTurnReport["outcome"];
  readonly wake?: WakeDetection;
  readonly transcript?: string;
  readonly confidence?: number;
  readonly recogniser?: string;
  readonly reason?: string;
  /** `light.on`, `timer.start`, … */
  readonly intent?: string;
  readonly slots?: JsonObject;
  readonly route?: { readonly deviceId: string; readonly why: string };
  readonly commands: readonly TurnCommand[];
  readonly reply?: string;
  readonly replySpoken?: boolean;
  readonly ok: boolean;
  readonly error?: ErrorShape;
  readonly spans: readonly TurnSpan[];
}

export interface VoiceTurns {
  readonly events: Events<{ updated: { readonly turn: TurnRecord } }>;
  /** Stores the report durably (idempotent by turn id) and resolves; the answer follows through `reply` of the node link. */
  receive(deviceId: string, report: VoiceTurnReport): Promise<void>;
  wake(deviceId: string, event: WakeEvent): Promise<void>;
  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void>;
  /** Whether it is one of the household's sentences. */
  understands(text: string): boolean;
  /** As if spoken in `room`; resolves with the finished turn. `origin` is a run that asks: the sentence is in its session already. */
  ask(
    text: string,
    options: { room?: string; principal: Principal; idempotencyKey?: string; origin?: "run" },
  ): Promise<TurnRecord>;
  list(options: { limit?: number; before?: number }): Promise<readonly TurnRecord[]>;
  get(turnId: string): Promise<TurnRecord | undefined>;
}
