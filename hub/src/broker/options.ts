import type { Clock, Log, Random } from "@barnacle/protocol/runtime";
import type { CommandResult } from "@barnacle/protocol/schema";
import type { Counters, Devices, NodeInbound } from "../services.ts";
import type { Store } from "../store/index.ts";
import type { SecureOptions } from "./listeners.ts";

export interface BrokerEvents {
  /** The broker can publish; nobody is connected yet. */
  open: Record<never, never>;
  /** A node's birth was stored; it has subscribed and can be sent to. */
  ready: { readonly deviceId: string };
  gone: { readonly deviceId: string; readonly reason: string };
  result: { readonly deviceId: string; readonly result: CommandResult };
}

export interface BrokerLimits {
  /** Open connections, admitted or not. */
  readonly maxClients: number;
  /** From the TCP connection to CONNECT. */
  readonly connectTimeoutMs: number;
  readonly maxPacketBytes: number;
}

export interface MqttBrokerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly secure?: SecureOptions | undefined;
  readonly site: string;
  readonly devices: Devices;
  readonly inbound: NodeInbound;
  readonly store: Store;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly limits?: Partial<BrokerLimits>;
}
