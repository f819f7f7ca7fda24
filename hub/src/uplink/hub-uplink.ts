import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import type { Unit } from "@barnacle/protocol/runtime";
import type { Uplink, UplinkStatus } from "@barnacle/protocol/uplink";
import type { Answer, Ask, ChatResponder, Output } from "../agent/responder.ts";
import type { DeviceRecord, Devices, WakeWords } from "../services.ts";
import { type JoinedNodeOptions, joinedNode } from "./joined-node.ts";

export interface HubUplinkOptions extends Omit<JoinedNodeOptions, "wakeWords" | "devices"> {
  readonly devices: Devices;
  readonly wakeWords: WakeWords;
}

/**
 * The hub at somebody's gateway: each connected node is a node there, on a connection of its own that comes and goes with it;
 * the gateway's agent answers what is asked here; its wake words are the house's.
 */
export class HubUplink implements Unit, ChatResponder {
  readonly name = "gateway";
  readonly #options: HubUplinkOptions;
  readonly #joined = new Map<string, Uplink>();
  /** Joining and leaving, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: HubUplinkOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { devices } = this.#options;
    this.#stopped = false;
    devices.events.on("presence", ({ device }) => this.#look(device.deviceId), this);
    devices.events.on("changed", ({ device }) => this.#look(device.deviceId), this);
    devices.events.on("removed", ({ deviceId }) => this.#look(deviceId), this);
    for (const { deviceId } of devices.list()) this.#look(deviceId);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.devices.events.dropOwner(this);
    for (const deviceId of [...this.#joined.keys()]) this.#look(deviceId);
    await this.#work;
  }

  /** How each node stands at the gateway. */
  statuses(): readonly UplinkStatus[] {
    return [...this.#joined.values()].map((uplink) => uplink.status);
  }

  /** Asks the gateway's agent, over the connection of the room's node or else of any. */
  async respond({ message, sessionKey, room, runId, signal }: Ask, out: Output): Promise<Answer | undefined> {
    if (!this.#options.config.answers) return undefined;
    const uplink = this.#nearest(room);
    const { url } = this.#options.config;
    if (!uplink) throw new BarnacleError("HUB_UNREACHABLE", `no node of this hub is connected to the gateway ${url}`);
    const conversation = uplink.conversationIn(`barnacle-${sessionKey.replace(/[^a-zA-Z0-9]+/g, "-")}`);
    const stop = (): void => void conversation.stop();
    signal.addEventListener("abort", stop, { once: true });
    out.model("gateway", new URL(url).host);
    let given = "";
    const told = await conversation.stream(message, runId, (text) => {
      if (!text.startsWith(given)) return;
      out.text(text.slice(given.length));
      given = text;
    });
    signal.removeEventListener("abort", stop);
    switch (told.ending) {
      case "none":
        throw new BarnacleError("TIMEOUT", `no answer came from the gateway ${url}`);
      case "failed":
        throw new BarnacleError("LLM_REFUSED", `the gateway's agent failed: ${told.problem}`);
      case "away":
        throw new BarnacleError("HUB_UNREACHABLE", `the gateway ${url} could not be asked: ${told.problem}`);
      default:
        return { text: told.said[0] ?? given, stopReason: told.ending === "stopped" ? "aborted" : "stop" };
    }
  }

  #nearest(room: string | undefined): Uplink | undefined {
    const { devices } = this.#options;
    const there = [...this.#joined].filter(([, uplink]) => uplink.connected);
    const same = there.find(([deviceId]) => room !== undefined && devices.get(deviceId)?.room === room);
    return (same ?? there[0])?.[1];
  }

  #look(deviceId: string): void {
    this.#work = this.#work
      .then(() => this.#settle(deviceId))
      .catch((error: unknown) => {
        this.#options.log.error({ deviceId, reason: messageOf(error) }, "a node could not join the gateway");
      });
  }

  async #settle(deviceId: string): Promise<void> {
    const device = this.#options.devices.get(deviceId);
    const joined = this.#joined.get(deviceId);
    const wanted = device !== undefined && this.#wanted(device);
    if (wanted && !joined) {
      const uplink = joinedNode(device, { ...this.#options, wakeWords: (words) => this.#useWakeWords(words) });
      this.#joined.set(deviceId, uplink);
      await uplink.start();
    } else if (!wanted && joined) {
      this.#joined.delete(deviceId);
      await joined.stop();
    } else joined?.offerChanged();
  }

  #wanted({ online, blocked, roles, manifest, room }: DeviceRecord): boolean {
    const { rooms } = this.#options.config;
    if (this.#stopped || !online || blocked || !manifest || !roles.includes("node")) return false;
    return rooms === undefined || (room !== undefined && rooms.includes(room));
  }

  /** Every node gets the house's words; which of them an engine lacks, the node says itself. */
  async #useWakeWords(words: readonly string[]): Promise<readonly string[]> {
    const { config, wakeWords } = this.#options;
    const wanted = words
      .map((word) => word.trim())
      .filter((word) => word !== "" && word.length <= 80)
      .slice(0, 20);
    const same = JSON.stringify(wanted) === JSON.stringify(wakeWords.get());
    if (config.wakeWords && wanted.length > 0 && !same) await wakeWords.set(wanted);
    return [];
  }
}
