import { messageOf } from "@barnacle/protocol/errors";
import type { NodeConfig } from "@barnacle/protocol/mqtt";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import type { VoiceTurnReply } from "@barnacle/protocol/schema";
import type { DeviceRecord, Devices, Household, NodeMessenger, WakeWords } from "../services.ts";
import type { MqttBroker } from "./broker.ts";

/** A reply to a node that dropped off is kept this long; later nobody stands there any more. */
const REPLY_KEPT_MS = 30_000;

export interface MqttMessengerOptions {
  readonly broker: MqttBroker;
  readonly devices: Devices;
  readonly household: Household;
  readonly wakeWords: WakeWords;
  readonly hubVersion: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Replies, acknowledgements and the retained config of every node. */
export class MqttMessenger implements NodeMessenger, Unit {
  readonly #options: MqttMessengerOptions;
  readonly #unsent = new Map<string, { reply: VoiceTurnReply; until: number }[]>();
  /** Last config published per node, as JSON. */
  readonly #configs = new Map<string, string>();

  constructor(options: MqttMessengerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { broker, devices, household, wakeWords } = this.#options;
    broker.events.on("open", () => this.refreshConfig(), this);
    broker.events.on("ready", ({ deviceId }) => this.#ready(deviceId), this);
    devices.events.on("changed", ({ device }) => this.#configure(device), this);
    devices.events.on("removed", ({ deviceId }) => this.#forget(deviceId), this);
    household.events.on("changed", () => this.refreshConfig(), this);
    wakeWords.events.on("changed", () => this.refreshConfig(), this);
    this.refreshConfig();
  }

  async stop(): Promise<void> {
    const { broker, devices, household, wakeWords } = this.#options;
    for (const part of [broker, devices, household, wakeWords]) part.events.dropOwner(this);
    this.#unsent.clear();
    this.#configs.clear();
  }

  reply(deviceId: string, reply: VoiceTurnReply): void {
    const { broker, clock } = this.#options;
    if (broker.isReady(deviceId)) {
      this.#send(() => broker.publish(deviceId, "reply", reply.turnId, reply));
      return;
    }
    const kept = this.#unsent.get(deviceId) ?? [];
    kept.push({ reply, until: clock.monotonic() + REPLY_KEPT_MS });
    this.#unsent.set(deviceId, kept);
  }

  ack(deviceId: string, ids: readonly string[]): void {
    this.#send(() => this.#options.broker.publish(deviceId, "ack", undefined, { ids: [...ids] }));
  }

  refreshConfig(): void {
    for (const device of this.#options.devices.list()) this.#configure(device);
  }

  #ready(deviceId: string): void {
    const device = this.#options.devices.get(deviceId);
    if (device) this.#configure(device);
    const kept = this.#unsent.get(deviceId) ?? [];
    this.#unsent.delete(deviceId);
    const now = this.#options.clock.monotonic();
    for (const { reply, until } of kept) if (until > now) this.reply(deviceId, reply);
  }

  #configure(device: DeviceRecord): void {
    if (!this.#options.broker.isOpen) return;
    if (device.blocked || !device.roles.includes("node") || device.transport === "websocket") return;
    const config = this.#configOf(device);
    const text = JSON.stringify(config);
    if (this.#configs.get(device.deviceId) === text) return;
    this.#configs.set(device.deviceId, text);
    this.#send(() => this.#options.broker.publish(device.deviceId, "config", undefined, config));
  }

  #configOf(device: DeviceRecord): NodeConfig {
    const { household, wakeWords, hubVersion } = this.#options;
    return {
      hubVersion,
      ...(device.room === undefined ? {} : { room: device.room }),
      wakeWords: [...wakeWords.get()],
      grammar: household.grammar(),
    };
  }

  #forget(deviceId: string): void {
    this.#configs.delete(deviceId);
    this.#unsent.delete(deviceId);
  }

  /** What the hub itself would send malformed is a fault here, not a reason to fail the caller. */
  #send(publish: () => Promise<void>): void {
    try {
      void publish();
    } catch (error) {
      this.#options.log.error({ problem: messageOf(error) }, "a message to a node was not sent");
    }
  }
}
