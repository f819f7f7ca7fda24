import { hasCode } from "@barnacle/protocol/errors";
import {
  type Decoded,
  decode,
  mayPublish,
  type NodeAddress,
  parseTopic,
  prefixFor,
  type TopicName,
} from "@barnacle/protocol/mqtt";
import type { Clock } from "@barnacle/protocol/runtime";
import type { CommandResult } from "@barnacle/protocol/schema";
import type { NodeInbound } from "../services.ts";
import type { Faults } from "./faults.ts";
import type { Session } from "./session.ts";

interface Incoming {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: number;
  readonly retain: boolean;
}

export type Taken =
  /** Malformed, expired or out of place: counted, not handed in. */
  | { readonly kind: "dropped" }
  /** Stored; `ackId` is to be acknowledged on the node's `ack` topic. */
  | { readonly kind: "stored"; readonly ackId?: string }
  | { readonly kind: "result"; readonly result: CommandResult }
  | { readonly kind: "state"; readonly online: boolean };

const STORED: Taken = { kind: "stored" };
const DROPPED: Taken = { kind: "dropped" };

/** From a node's PUBLISH to the hub's parts: permission, decoding, counting of what is malformed. */
export class Ingest {
  readonly #inbound: NodeInbound;
  readonly #faults: Faults;
  readonly #clock: Clock;
  readonly #site: string;

  constructor(options: { inbound: NodeInbound; faults: Faults; clock: Clock; site: string }) {
    this.#inbound = options.inbound;
    this.#faults = options.faults;
    this.#clock = options.clock;
    this.#site = options.site;
  }

  /** Which topic of the contract this is, if the device may publish it. */
  target(
    session: Session,
    packet: Incoming,
  ): { readonly name: TopicName; readonly id: string | undefined } | "audio" | "forbidden" {
    const address: NodeAddress = { site: this.#site, node: session.deviceId };
    if (!mayPublish(address, packet.topic, packet.qos, packet.retain)) return "forbidden";
    if (packet.topic.startsWith(`${prefixFor(address)}audio/`)) return "audio";
    const parsed = parseTopic(packet.topic);
    return parsed ? { name: parsed.name, id: parsed.id } : "forbidden";
  }

  /** Resolves after the content is stored. Rejects when it could not be stored, and only then. */
  async take(session: Session, packet: Incoming, target: { name: TopicName; id: string | undefined }): Promise<Taken> {
    const { deviceId } = session;
    switch (target.name) {
      case "state": {
        const message = this.#decode(deviceId, "state", packet);
        if (!message) return DROPPED;
        if (message.body.incarnation !== session.incarnation) {
          this.#faults.note(deviceId, "malformed.state", "a state must carry the incarnation of its connection");
          return DROPPED;
        }
        await this.#inbound.state(deviceId, message.body);
        return { kind: "state", online: message.body.status === "online" };
      }
      case "caps": {
        const message = this.#decode(deviceId, "caps", packet);
        if (!message) return DROPPED;
        await this.#inbound.caps(deviceId, message.body);
        return STORED;
      }
      case "telemetry": {
        const message = this.#decode(deviceId, "telemetry", packet);
        if (!message) return DROPPED;
        await this.#inbound.telemetry(deviceId, message.body);
        return STORED;
      }
      case "actual": {
        const message = this.#decode(deviceId, "actual", packet);
        if (!message) return DROPPED;
        await this.#inbound.actual(deviceId, message.body);
        return STORED;
      }
      case "wake": {
        const message = this.#decode(deviceId, "wake", packet);
        if (!message) return DROPPED;
        await this.#inbound.wake(deviceId, message.body);
        return STORED;
      }
      case "notice": {
        const message = this.#decode(deviceId, "notice", packet);
        if (!message) return DROPPED;
        await this.#inbound.notice(deviceId, message.id, message.body);
        return { kind: "stored", ackId: message.id };
      }
      case "turn": {
        const message = this.#decode(deviceId, "turn", packet);
        if (!message) return DROPPED;
        await this.#inbound.turn(deviceId, message.body);
        return { kind: "stored", ackId: message.id };
      }
      case "spoken": {
        const message = this.#decode(deviceId, "spoken", packet);
        if (!message) return DROPPED;
        await this.#inbound.spoken(deviceId, message.body);
        return { kind: "stored", ackId: message.id };
      }
      case "result": {
        const message = this.#decode(deviceId, "result", packet);
        if (!message) return DROPPED;
        if (message.body.commandId !== target.id) {
          this.#faults.note(deviceId, "malformed.result", "topic and body name different commands");
          return DROPPED;
        }
        return { kind: "result", result: message.body };
      }
      default:
        return DROPPED;
    }
  }

  /** Hands in the last will of a session that ended without a farewell. */
  async will(session: Session): Promise<void> {
    session.ready = false;
    if (!session.willState) return;
    const reason = session.reason ?? session.willState.reason ?? "lost";
    await this.#inbound.state(session.deviceId, { ...session.willState, reason });
  }

  #decode<N extends TopicName>(deviceId: string, name: N, packet: Incoming): Decoded<N> | undefined {
    try {
      return decode(name, Buffer.from(packet.payload), this.#clock.now());
    } catch (error) {
      if (!hasCode(error, "MESSAGE_MALFORMED", "MESSAGE_EXPIRED")) throw error;
      const kind = error.code === "MESSAGE_EXPIRED" ? "expired" : "malformed";
      this.#faults.note(deviceId, `${kind}.${name}`, error.message);
      return undefined;
    }
  }
}
