import type { ConnectParams } from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { CapabilityManifest } from "@barnacle/protocol/schema";
import type { Devices } from "../services.ts";
import type { Connection } from "./connection.ts";
import type { WsLink } from "./ws-link.ts";

const NAME = /^[a-zA-Z][a-zA-Z0-9]*(\.[a-zA-Z][a-zA-Z0-9]*)*$/;

/** Native gateway nodes in the one registry: what they declare at connect becomes their manifest. */
export class NodeSessions {
  readonly #devices: Devices;
  readonly #link: WsLink;
  readonly #clock: Clock;
  readonly #incarnations = new Map<string, number>();

  constructor(options: { devices: Devices; link: WsLink; clock: Clock }) {
    this.#devices = options.devices;
    this.#link = options.link;
    this.#clock = options.clock;
  }

  /** Before the hello: what the node can do. */
  async declare({ deviceId, params }: Connection): Promise<void> {
    if (deviceId !== undefined && params) await this.#devices.setManifest(deviceId, manifestOf(params));
  }

  /** After the hello: from here on it can be sent commands. */
  async join(connection: Connection): Promise<void> {
    const { deviceId, params, connId } = connection;
    if (deviceId === undefined || !params) return;
    const last = this.#devices.get(deviceId)?.incarnation ?? 0;
    const incarnation = Math.max(last + 1, this.#clock.now());
    this.#incarnations.set(connId, incarnation);
    this.#link.attach(deviceId, connection);
    const state = { status: "online" as const, incarnation, agentVersion: params.client.version.slice(0, 40) };
    await this.#devices.setState(deviceId, state, "websocket");
  }

  /** An older connection that ends after a newer one came changes nothing. */
  async leave(connection: Connection, reason: string): Promise<void> {
    const { deviceId, connId } = connection;
    const incarnation = this.#incarnations.get(connId);
    this.#incarnations.delete(connId);
    if (deviceId === undefined || !this.#link.detach(deviceId, connId)) return;
    await this.#devices.disconnected(deviceId, incarnation, reason);
  }
}

function manifestOf({ client, caps = [], commands = [] }: ConnectParams): CapabilityManifest {
  const names = (list: readonly string[]) => [...new Set(list)].filter((name) => NAME.test(name)).slice(0, 200);
  return {
    name: (client.displayName ?? client.id).slice(0, 80),
    platform: client.platform.slice(0, 40),
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily.slice(0, 80) }),
    ...(client.modelIdentifier === undefined ? {} : { modelIdentifier: client.modelIdentifier.slice(0, 120) }),
    agentVersion: client.version.slice(0, 40),
    capabilities: names(caps).map((name) => ({ name, available: true })),
    commands: names(commands).map((name) => ({ name, idempotent: false })),
    appliances: [],
  };
}
