import type { JsonObject } from "@barnacle/protocol/schema";
import type { CommandCall, CommandOutcome } from "./commands.ts";
import type { DeviceRecord } from "./devices.ts";

/** What an attribute of a capability must be: this value, one of a list, or a number between bounds. */
export type Bound =
  | string
  | number
  | boolean
  | { readonly min?: number; readonly max?: number }
  | { readonly oneOf: readonly (string | number)[] };

export interface Wanted {
  /** Capability or command that the device must offer: `gpio.write`, `talk.speak`. */
  readonly capability: string;
  /** By attribute: `{sampleRateHz: {min: 16000}}`. An attribute that a node does not tell does not fulfil a bound. */
  readonly where?: Readonly<Record<string, Bound>>;
}

/** `high`: load, link and fresh news count double. `low`: nodes on batteries are spared. */
export type Urgency = "low" | "normal" | "high";

export interface RouteRequest extends Wanted {
  /** What the device must offer besides. */
  readonly requires?: readonly Wanted[];
  /** What speaks for a device that has it. */
  readonly prefers?: readonly Wanted[];
  readonly room?: string;
  /** Only this device. */
  readonly deviceId?: string;
  readonly urgency?: Urgency;
  /** Why a device that could do it may not; undefined when it may. */
  readonly forbids?: (device: DeviceRecord) => string | undefined;
}

export interface RouteCandidate {
  readonly deviceId: string;
  readonly displayName: string;
  readonly room?: string;
  readonly score: number;
  /** "same room +100; load 20 % −2; telemetry 4 s old −0.3". */
  readonly why: string;
}

export interface RouteDecision {
  readonly chosen?: RouteCandidate;
  readonly ranked: readonly RouteCandidate[];
  readonly rejected: readonly { readonly deviceId: string; readonly displayName: string; readonly reason: string }[];
}

/** Pure: equal registry and request give equal answers. */
export interface Router {
  route(request: RouteRequest): RouteDecision;
}

/** A command for whichever device is best. */
export interface RoutedCall extends Omit<CommandCall, "deviceId"> {
  /** Default: the command itself, wherever it is offered. */
  readonly route: Partial<Omit<RouteRequest, "forbids">>;
  readonly params: JsonObject;
}

export interface RoutedOutcome extends CommandOutcome {
  readonly why: string;
  /** Devices that were tried before, and what came of it. */
  readonly failed: readonly { readonly deviceId: string; readonly displayName: string; readonly problem: string }[];
}

export interface RoutedCommands {
  /**
   * Sends the command to the best device, and to the next one only where that is safe: nothing was sent yet, or both say
   * that repeating the command does no harm. A key that was used goes to the device that it was used with.
   * @throws ROUTE_NONE, and what `Commands.invoke` throws
   */
  invoke(call: RoutedCall): Promise<RoutedOutcome>;
}
