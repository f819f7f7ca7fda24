import { grants, type StateVersion } from "@barnacle/protocol/gateway";
import type { Counters } from "../services.ts";
import { EVENTS, type EventName, type EventSpec } from "./events.ts";

/** What broadcasting needs of a connection. */
export interface Listener {
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  /** What the client said it understands: `tool-events`, … */
  readonly caps: ReadonlySet<string>;
  /** Session keys it subscribed to, canonical. */
  readonly subscriptions: ReadonlySet<string>;
  /** Bytes handed to the socket that the peer has not taken yet. */
  readonly bufferedBytes: number;
  nextSeq(): number;
  sendText(text: string): void;
  close(code: number, reason: string): void;
}

export interface BroadcastOptions {
  readonly stateVersion?: StateVersion;
  /** The session that the event belongs to; nodes hear it only if they subscribed. */
  readonly sessionKey?: string;
  /** Overrides the event's own word: a delta may be missed, the end of the same run may not. */
  readonly dropIfSlow?: boolean;
  /** Narrows the audience further. */
  readonly only?: (listener: Listener) => boolean;
}

/** Above this an event that may be dropped is dropped. */
export const SLOW_BYTES = 1024 * 1024;
/** Above this the listener is closed: it would cost the hub memory without end. */
export const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** Sends one event to many. The payload is made into text once; `seq` counts per connection, so that nobody sees false gaps. */
export class Broadcast {
  readonly #listeners: () => Iterable<Listener>;
  readonly #counters: Counters;

  constructor(options: { listeners: () => Iterable<Listener>; counters: Counters }) {
    this.#listeners = options.listeners;
    this.#counters = options.counters;
  }

  send(event: EventName, payload: unknown, options: BroadcastOptions = {}): void {
    const spec: EventSpec = EVENTS[event];
    let head: string | undefined;
    const tail = options.stateVersion ? `,"stateVersion":${JSON.stringify(options.stateVersion)}}` : "}";
    for (const listener of this.#listeners()) {
      if (!mayHear(listener, spec, options.sessionKey) || options.only?.(listener) === false) continue;
      // A dropped event takes its number with it: the gap tells the client to read again.
      const seq = listener.nextSeq();
      if ((options.dropIfSlow ?? spec.dropIfSlow) && listener.bufferedBytes > SLOW_BYTES) {
        this.#counters.add("gateway.dropped");
        continue;
      }
      if (listener.bufferedBytes > MAX_BUFFERED_BYTES) {
        this.#counters.add("gateway.slowConsumers");
        listener.close(1008, "slow consumer");
        continue;
      }
      head ??= `{"type":"event","event":${JSON.stringify(event)},"payload":${JSON.stringify(payload)},"seq":`;
      listener.sendText(`${head}${seq}${tail}`);
    }
  }
}

function mayHear(listener: Listener, spec: EventSpec, sessionKey: string | undefined): boolean {
  if (spec.gate === "direct") return false;
  if (listener.role === "operator") return spec.gate === "all" || grants(listener.scopes, spec.gate);
  if (spec.nodes === "subscribed") return sessionKey !== undefined && listener.subscriptions.has(sessionKey);
  return spec.nodes === "yes";
}
