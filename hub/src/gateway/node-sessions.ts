import type { Clock } from "@barnacle/protocol/runtime";
import type { NativeNodes } from "../nodes/index.ts";
import type { Devices } from "../services.ts";
import type { Connection } from "./connection.ts";
import { nativeManifest } from "./native-manifest.ts";
import type { WsLink } from "./ws-link.ts";

type Offers = Pick<NativeNodes["offers"], "join" | "leave">;

/** Native gateway nodes in the one registry: what they declare at connect becomes their manifest. */
export class NodeSessions {
  readonly #devices: Devices;
  readonly #link: WsLink;
  readonly #offers: Offers;
  readonly #clock: Clock;
  readonly #incarnations = new Map<string, number>();

  constructor(options: { devices: Devices; link: WsLink; offers: Offers; clock: Clock }) {
    this.#devices = options.devices;
    this.#link = options.link;
    this.#offers = options.offers;
    this.#clock = options.clock;
  }

  /** Before the hello: what the node can do. */
  async declare({ deviceId, params }: Connection): Promise<void> {
    if (deviceId !== undefined && params) await this.#devices.setManifest(deviceId, nativeManifest(params));
  }

  /** After the hello: from here on it can be sent commands. */
  async join(connection: Connection): Promise<void> {
    const { deviceId, params, connId } = connection;
    if (deviceId === undefined || !params) return;
    const last = this.#devices.get(deviceId)?.incarnation ?? 0;
    const incarnation = Math.max(last + 1, this.#clock.now());
    this.#incarnations.set(connId, incarnation);
    this.#offers.join(deviceId, connId);
    this.#link.attach(deviceId, connection);
    const state = { status: "online" as const, incarnation, agentVersion: params.client.version.slice(0, 40) };
    await this.#devices.setState(deviceId, state, "websocket");
  }

  /** An older connection that ends after a newer one came changes nothing. */
  async leave(connection: Connection, reason: string): Promise<void> {
    const { deviceId, connId } = connection;
    const incarnation = this.#incarnations.get(connId);
    this.#incarnations.delete(connId);
    if (deviceId === undefined) return;
    this.#offers.leave(deviceId, connId);
    if (!this.#link.detach(deviceId, connId)) return;
    await this.#devices.disconnected(deviceId, incarnation, reason);
  }
}
