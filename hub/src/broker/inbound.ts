import type { NodeState, NoticeEvent, WakeEvent } from "@barnacle/protocol/mqtt";
import type { NodeActual } from "@barnacle/protocol/node-config";
import type { Log } from "@barnacle/protocol/runtime";
import type { BoardTelemetry, CapabilityManifest, VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import { EVENTS_CHANNEL } from "../inbox/index.ts";
import type { Counters, Devices, Inbox, NodeInbound, VoiceTurns } from "../services.ts";
import { noticeEntry } from "./notice-entry.ts";

/** Notices that are kept, and how often the older ones are cleared away. */
const KEEP_NOTICES = 10_000;
const TRIM_EVERY = 500;

/** Hands what nodes say to the parts that keep it. */
export class HubInbound implements NodeInbound {
  readonly #devices: Devices;
  readonly #voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
  readonly #inbox: Pick<Inbox, "enter" | "trim">;
  readonly #actual: NodeInbound["actual"];
  readonly #counters: Counters;
  readonly #log: Log;
  #notices = 0;

  constructor(options: {
    devices: Devices;
    voice: Pick<VoiceTurns, "receive" | "wake" | "spoken">;
    inbox: Pick<Inbox, "enter" | "trim">;
    actual: NodeInbound["actual"];
    counters: Counters;
    log: Log;
  }) {
    this.#devices = options.devices;
    this.#voice = options.voice;
    this.#inbox = options.inbox;
    this.#actual = options.actual;
    this.#counters = options.counters;
    this.#log = options.log;
  }

  actual(deviceId: string, actual: NodeActual): Promise<void> {
    return this.#actual(deviceId, actual);
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
  async notice(deviceId: string, id: string, event: NoticeEvent): Promise<void> {
    const { created } = await this.#inbox.enter(noticeEntry(deviceId, id, this.#devices.get(deviceId), event));
    this.#counters.add(created ? "mqtt.notices" : "mqtt.repeatedNotices");
    if (!created) return;
    const { kind, at, data } = event;
    // A button may be pressed a thousand times a day.
    if (kind === "gpio.edge") this.#log.debug({ deviceId, kind, at, data }, "a pin changed");
    else this.#log.info({ deviceId, kind, at, data }, "a node noticed something");
    if (++this.#notices % TRIM_EVERY === 0) await this.#inbox.trim(EVENTS_CHANNEL, KEEP_NOTICES);
  }

  turn(deviceId: string, report: VoiceTurnReport): Promise<void> {
    return this.#voice.receive(deviceId, report);
  }

  spoken(deviceId: string, report: VoiceTurnSpoken): Promise<void> {
    return this.#voice.spoken(deviceId, report);
  }
}
