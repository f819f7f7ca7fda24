import type { Random } from "@barnacle/protocol/runtime";
import { validator } from "@barnacle/protocol/schema";
import type { Static, TSchema } from "@sinclair/typebox";
import type { AgentRuns, DeviceRecord, Sessions } from "../../services.ts";
import type { ConnectedOffers } from "../offers.ts";
import type { Repeats } from "../repeats.ts";

/** The connection that an event came over. */
export interface EventSource {
  readonly device: DeviceRecord;
  readonly connId: string;
  /** Canonical keys of sessions whose events it wants. */
  readonly subscriptions: Set<string>;
}

export interface EventParts {
  readonly runs: AgentRuns;
  readonly sessions: Sessions;
  readonly offers: ConnectedOffers;
  readonly spoken: Repeats;
  readonly random: Random;
}

/** What came of an event; absent from a success where there is nothing to add. */
export interface EventAnswer {
  readonly handled: boolean;
  readonly reason?: string;
}

export type Kind = (payload: unknown, source: EventSource, parts: EventParts) => Promise<EventAnswer>;

/** One kind of `node.event`. A payload of another shape is answered, and not thrown at the node. */
export function kind<T extends TSchema>(
  payload: T,
  run: (payload: Static<T>, source: EventSource, parts: EventParts) => EventAnswer | Promise<EventAnswer>,
): Kind {
  const check = validator(payload);
  return async (given, source, parts) =>
    check.check(given) ? run(given, source, parts) : { handled: false, reason: "invalid_payload" };
}

export const HANDLED: EventAnswer = { handled: true };
/** A newer connection speaks for this node. */
export const STALE: EventAnswer = { handled: false, reason: "stale_connection" };
