import type { NodeState, NoticeEvent, WakeEvent } from "@barnacle/protocol/mqtt";
import type { Log } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, CapabilityManifest, VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import type { Counters, Devices, NodeInbound, VoiceTurns } from "../services.ts";

/** Hands what nodes say to the parts that keep it. */
export class HubInbound implements NodeInbound {
  readonly #devices: Devices;
  readonly #voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
  readonly #counters: Counters;
  readonly #log: Log;

  constructor(options: {
    devices: Devices;
    voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
    counters: Counters;
    log: Log;
  }) {
    this.#devices = options.devices;
    this.#voice = options.voice;
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

  async notice(deviceId: string, event: NoticeEvent): Promise<void> {
    this.#counters.add("mqtt.notices");
    this.#log.info({ deviceId, kind: event.kind, at: event.at, data: event.data }, "a node noticed something");
  }

  turn(deviceId: string, report: VoiceTurnReport): Promise<void> {
    return this.#voice.receive(deviceId, report);
  }

  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void> {
    return this.#voice.spoken(deviceId, report);
  }
}
