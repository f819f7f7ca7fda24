import type { JsonObject } from "@barnacle/protocol/schema";
import type { Principal } from "./principal.ts";

/** One place behind a channel: a room, later a phone number. Times are of the wall clock. */
export interface ChannelAccount {
  readonly accountId: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly configured: boolean;
  readonly running: boolean;
  readonly connected: boolean;
  readonly lastOutboundAt?: number;
  readonly lastError?: string;
}

export interface Outgoing {
  /** Whom it is for, in the channel's own terms. */
  readonly to: string;
  readonly text: string;
  /** The same message whenever it comes again: a channel must not send it twice. */
  readonly key: string;
  readonly principal: Principal;
}

/** What became of a message that was sent. */
export interface Delivery {
  readonly to: string;
  /** Of the room, when it was one. */
  readonly room?: string;
  /** In the channel's own terms, for the inbox. */
  readonly detail: JsonObject;
}

/** A way to people: the rooms' loudspeakers, later Signal, Matrix and others. */
export interface Channel {
  /** `rooms` */
  readonly id: string;
  readonly label: string;
  readonly detailLabel: string;
  /** Name of an SF Symbol, for apps. */
  readonly systemImage: string;
  /** Where a message without a recipient goes; undefined: it needs one. */
  readonly everybody?: string;
  accounts(): readonly ChannelAccount[];
  /** @throws INPUT_INVALID (no such recipient), ROUTE_NONE, POLICY_DENIED, and what the way itself throws */
  send(message: Outgoing): Promise<Delivery>;
}

export interface SendRequest {
  /** The first channel when absent. */
  readonly channel?: string;
  readonly to?: string;
  readonly text: string;
  readonly idempotencyKey: string;
  readonly principal: Principal;
}

export interface Sent {
  readonly messageId: string;
  readonly channel: string;
  readonly to: string;
}

export interface Channels {
  list(): readonly Channel[];
  /** @throws INPUT_INVALID `unsupported channel: x` */
  get(id: string): Channel;
  /**
   * Sends once per key: within five minutes, over restarts, the same key gives the first outcome. It is in the inbox when this
   * resolves. @throws INPUT_INVALID, and what the channel throws
   */
  send(request: SendRequest): Promise<Sent>;
}
