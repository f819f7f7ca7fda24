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

/** A change that concerns every node goes to so many at once, the next ones after a pause: thousands share one loop. */
const SLICE = 100;
const PAUSE_MS = 50;

/** Replies, acknowledgements, and to every node that is there what the household wants of it. */
export class MqttMessenger implements NodeMessenger, Unit {
  readonly #options: MqttMessengerOptions;
  readonly #unsent = new Map<string, { reply: VoiceTurnReply; until: number }[]>();
  /** What the config that a connected node was sent last was made of. */
  readonly #sent = new Map<string, string>();
  readonly #due = new Set<string>();
  #cancel: (() => void) | undefined;

  constructor(options: MqttMessengerOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { broker, devices, household, wakeWords } = this.#options;
    broker.events.on("ready", ({ deviceId }) => this.#ready(deviceId), this);
    broker.events.on("gone", ({ deviceId }) => this.#sent.delete(deviceId), this);
    devices.events.on("changed", ({ device }) => this.#configure(device), this);
    devices.events.on("linkTokenWanted", ({ deviceId }) => this.#tellToken(deviceId), this);
    devices.events.on("removed", ({ deviceId }) => this.#forget(deviceId), this);
    household.events.on("changed", () => this.refreshConfig(), this);
    wakeWords.events.on("changed", () => this.refreshConfig(), this);
  }

  async stop(): Promise<void> {
    const { broker, devices, household, wakeWords } = this.#options;
    for (const part of [broker, devices, household, wakeWords]) part.events.dropOwner(this);
    this.#cancel?.();
    this.#cancel = undefined;
    this.#due.clear();
    this.#unsent.clear();
    this.#sent.clear();
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
    for (const deviceId of this.#sent.keys()) this.#due.add(deviceId);
    if (this.#cancel === undefined) this.#sendDue();
  }

  #sendDue(): void {
    this.#cancel = undefined;
    for (const deviceId of [...this.#due].slice(0, SLICE)) {
      this.#due.delete(deviceId);
      const device = this.#options.devices.get(deviceId);
      if (device) this.#configure(device);
    }
    if (this.#due.size > 0) this.#cancel = this.#options.clock.after(PAUSE_MS, () => this.#sendDue());
  }

  #ready(deviceId: string): void {
    const device = this.#options.devices.get(deviceId);
    this.#sent.delete(deviceId);
    if (device) this.#configure(device);
    this.#tellToken(deviceId);
    const kept = this.#unsent.get(deviceId) ?? [];
    this.#unsent.delete(deviceId);
    const now = this.#options.clock.monotonic();
    for (const { reply, until } of kept) if (until > now) this.reply(deviceId, reply);
  }

  #configure(device: DeviceRecord): void {
    if (device.blocked || !this.#options.broker.isReady(device.deviceId)) return;
    const config = this.#configOf(device);
    const made = JSON.stringify([config.room, config.wakeWords, config.grammar?.hash]);
    if (this.#sent.get(device.deviceId) === made) return;
    this.#sent.set(device.deviceId, made);
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

  /** Only to a node that is there; one that did not reach it is made anew the next time. */
  #tellToken(deviceId: string): void {
    const { broker, devices, log } = this.#options;
    if (!broker.isReady(deviceId)) return;
    try {
      const token = devices.linkTokenDue(deviceId);
      if (token !== undefined) this.#send(() => broker.publish(deviceId, "token", undefined, { token }));
    } catch (error) {
      log.error(
        { deviceId, problem: messageOf(error) },
        "a new token could not be kept; the node goes on with the old",
      );
    }
  }

  #forget(deviceId: string): void {
    this.#sent.delete(deviceId);
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
