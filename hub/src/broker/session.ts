import type { NodeState } from "@barnacle/protocol/mqtt";
import type { Client } from "aedes";
import type { FrameGuard } from "./frame-guard.ts";

/** What a client said in CONNECT, before it was admitted. */
export interface Greeting {
  readonly will: WillMessage | undefined;
  readonly guard: FrameGuard | undefined;
}

export interface WillMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
}

/** One admitted connection of one device. */
export interface Session {
  readonly deviceId: string;
  readonly client: Client;
  readonly incarnation: number;
  /** The will object as the broker library holds it, and what it says. */
  readonly will: WillMessage | undefined;
  readonly willState: NodeState | undefined;
  /** Birth was received, so the node has subscribed and can be sent to. */
  ready: boolean;
  /** Why the connection ended, once something is known. */
  reason: string | undefined;
  /** Messages of one node are handed in one after the other, in the order they came. */
  queue: Promise<void>;
}
