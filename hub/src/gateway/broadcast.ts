import type { StateVersion } from "@barnacle/protocol/gateway";
import type { Counters } from "../services.ts";

/** What broadcasting needs of a connection. */
export interface Listener {
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  /** Bytes handed to the socket that the peer has not taken yet. */
  readonly bufferedBytes: number;
  nextSeq(): number;
  sendText(text: string): void;
  close(code: number, reason: string): void;
}

export interface BroadcastOptions {
  /** A slow listener misses this event instead of being closed. */
  readonly dropIfSlow?: boolean;
  /** Only operators with one of these scopes (or admin). */
  readonly scopes?: readonly string[];
  readonly stateVersion?: StateVersion;
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

  send(event: string, payload: unknown, options: BroadcastOptions = {}): void {
    const head = `{"type":"event","event":${JSON.stringify(event)},"payload":${JSON.stringify(payload)},"seq":`;
    const tail = options.stateVersion ? `,"stateVersion":${JSON.stringify(options.stateVersion)}}` : "}";
    for (const listener of this.#listeners()) {
      if (options.scopes && !mayHear(listener, options.scopes)) continue;
      // A dropped event takes its number with it: the gap tells the client to read again.
      const seq = listener.nextSeq();
      if (options.dropIfSlow && listener.bufferedBytes > SLOW_BYTES) {
        this.#counters.add("gateway.dropped");
        continue;
      }
      if (listener.bufferedBytes > MAX_BUFFERED_BYTES) {
        this.#counters.add("gateway.slowConsumers");
        listener.close(1008, "slow consumer");
        continue;
      }
      listener.sendText(`${head}${seq}${tail}`);
    }
  }
}

function mayHear(listener: Listener, scopes: readonly string[]): boolean {
  if (listener.role !== "operator") return false;
  return listener.scopes.includes("operator.admin") || scopes.some((scope) => listener.scopes.includes(scope));
}
