import type { NodeState, NoticeEvent, WakeEvent } from "@barnacle/protocol/mqtt";
import type { Log } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, CapabilityManifest, VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import type { Counters, Devices, Inbox, NodeInbound, VoiceTurns } from "../services.ts";

/** Hands what nodes say to the parts that keep it. */
export class HubInbound implements NodeInbound {
  readonly #devices: Devices;
  readonly #voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
  readonly #inbox: Pick<Inbox, "enter">;
  readonly #counters: Counters;
  readonly #log: Log;

  constructor(options: {
    devices: Devices;
    voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
    inbox: Pick<Inbox, "enter">;
    counters: Counters;
    log: Log;
  }) {
    this.#devices = options.devices;
    this.#voice = options.voice;
    this.#inbox = options.inbox;
    this.#counters = options.counters;
    this.#log = options.log;
  }

  state(deviceId: string, state: NodeState): Promise<void> {
    return this.#devices.setState(deviceId, state, "mqtt");
  }

  caps(deviceId: string, manifest: CapabilityManifest): Promise<void> {
    return this.#devices.setManifest(deviceId, manifest);
  }

  async telemetry(deviceId: string, telemetry: BoardTelemetry): Promise<void> {
    this.#devices.setTelemetry(deviceId, telemetry);
  }

  wake(deviceId: string, event: WakeEvent): Promise<void> {
    this.#counters.add("voice.wakes");
    return this.#voice.wake(deviceId, event);
  }

  /** What a node noticed is on record in the inbox, once, and out of the way of what people say. */
  async notice(deviceId: string, id: string, { kind, at, data }: NoticeEvent): Promise<void> {
    const device = this.#devices.get(deviceId);
    const { created } = await this.#inbox.enter({
      ...{ channel: "events", account: deviceId, externalId: id, direction: "in", archived: true },
      ...{ sender: device?.displayName ?? deviceId, text: kind, at, metadata: data },
      ...(device?.room === undefined ? {} : { room: device.room }),
    });
    this.#counters.add(created ? "mqtt.notices" : "mqtt.repeatedNotices");
    if (created) this.#log.info({ deviceId, kind, at, data }, "a node noticed something");
  }

  turn(deviceId: string, report: VoiceTurnReport): Promise<void> {
    return this.#voice.receive(deviceId, report);
  }

  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void> {
    return this.#voice.spoken(deviceId, report);
  }
}
