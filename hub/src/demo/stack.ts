import { BarnacleError } from "@barnacle/protocol/errors";
import { type Clock, sleep, type Unit } from "@barnacle/protocol/runtime";
import { showDevice } from "../cli/commands/devices.ts";
import type { GatewayClient } from "../cli/gateway/client.ts";
import { connect } from "../cli/gateway/connect.ts";
import { isObject } from "../cli/gateway/wire.ts";
import type { Io } from "../cli/io.ts";
import { hubProgram, nodeProgram } from "../cli/node-program.ts";
import type { DeviceRecord } from "../services.ts";
import { Child, type JsonLine } from "./child.ts";
import { withDeadline } from "./deadline.ts";
import type { DemoPlaces } from "./files.ts";
import { writeHubConfig, writeNodeConfig } from "./files.ts";
import { SimulatedRoom } from "./room.ts";

export interface StackOptions {
  readonly places: DemoPlaces;
  readonly room: string;
  readonly port: number;
  readonly mqttPort: number;
  readonly io: Io;
  readonly clock: Clock;
  /** Every event line of the node. */
  readonly onNodeEvent: (event: JsonLine) => void;
  /** Both programs' log lines, as they come. */
  readonly onLog?: ((text: string) => void) | undefined;
}

export interface HubAddress {
  readonly gatewayUrl: string;
  readonly gatewayPort: number;
  readonly mqttPort: number;
}

const HUB_READY_MS = 30_000;
const NODE_READY_MS = 60_000;
const HOUSEHOLD_POLL_MS = 100;

/** The demo's two processes, the simulated room between them and a person, and an operator's connection to watch by. */
export class DemoStack implements Unit {
  readonly #options: StackOptions;
  readonly #room: SimulatedRoom;
  readonly #children: Child[] = [];
  readonly #failure = Promise.withResolvers<never>();
  #client: GatewayClient | undefined;
  #address: HubAddress | undefined;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#room = new SimulatedRoom({ pipe: options.places.microphone, clock: options.clock });
    // Whoever waits gets it from the race; without a waiter it must not end the process.
    this.#failure.promise.catch(() => undefined);
  }

  get room(): SimulatedRoom {
    return this.#room;
  }

  get client(): GatewayClient {
    if (!this.#client) throw new BarnacleError("INTERNAL", "the demo's hub is not connected yet");
    return this.#client;
  }

  get address(): HubAddress {
    if (!this.#address) throw new BarnacleError("INTERNAL", "the demo's hub is not ready yet");
    return this.#address;
  }

  /** Rejects when one of the processes ends by itself. */
  get failure(): Promise<never> {
    return this.#failure.promise;
  }

  async start(): Promise<void> {
    await this.startHub();
    await this.startNode();
  }

  /** Resolves when the hub is ready and watched. @throws the hub's own error: STATE_LOCKED, PORT_BUSY, … */
  async startHub(): Promise<void> {
    const { places, port, mqttPort, io, clock } = this.#options;
    writeHubConfig(places);
    const ready = Promise.withResolvers<HubAddress>();
    const args = ["hub", "--json", "--config", places.hubConfig, "--state-dir", places.hubState];
    const ports = ["--port", String(port), "--mqtt-port", String(mqttPort)];
    const hub = this.#child("hub", hubProgram(), [...args, ...ports], (line) => {
      const address = addressFrom(line);
      if (address) ready.resolve(address);
    });
    hub.start();
    this.#address = await this.#orFailure(withDeadline(ready.promise, HUB_READY_MS, clock, "the hub's ready line"));
    const endpoint = { url: this.#address.gatewayUrl, stateDir: places.hubState };
    this.#client = await connect(endpoint, {
      ...io,
      env: { ...io.env, BARNACLE_URL: undefined, BARNACLE_TOKEN: undefined },
    });
  }

  /** Resolves with the hub's record of the node when it is paired, connected and listening. */
  async startNode(): Promise<DeviceRecord> {
    const { places, room, clock, onNodeEvent } = this.#options;
    // Only now: while another demo's hub held the directory, these files would have been that demo's.
    writeNodeConfig(places, { room, recorder: this.#room.recorder });
    await this.#room.start();
    const { code } = await this.client.call<{ code: string }>("barnacle.devices.code", { room });
    const readiness = new Readiness();
    const args = ["--config", places.nodeConfig, "--state-dir", places.nodeState, "--setup-code", code, "--events"];
    const hubUrl = this.address.gatewayUrl.replace(/^ws/, "http");
    const node = this.#child(`${room} node`, nodeProgram(), [...args, "--hub", hubUrl, "--json"], (line) => {
      readiness.take(line);
      onNodeEvent(line);
    });
    node.start();
    const listening = readiness.up.then((deviceId) => this.#heardOfHousehold(deviceId));
    return this.#orFailure(withDeadline(listening, NODE_READY_MS, clock, `the ${room} node to listen`));
  }

  /** The recogniser gets the household's sentences from the hub just after the node came online, and says so. */
  async #heardOfHousehold(deviceId: string): Promise<DeviceRecord> {
    for (;;) {
      const device = await showDevice(this.client, deviceId);
      const speech = device.manifest?.capabilities.find(({ name }) => name === "speech.recognise");
      if (speech && !speech.reason?.startsWith("waiting")) return device;
      await sleep(this.#options.clock, HOUSEHOLD_POLL_MS);
    }
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
    // The node first, so that it can say farewell.
    for (const child of this.#children.splice(0).reverse()) await child.stop();
    await this.#room.stop();
  }

  #child(name: string, script: string, args: readonly string[], onLine: (line: JsonLine) => void): Child {
    const { io, clock, onLog } = this.#options;
    // The demo's own places are given by flags; what the person has set for real ones must not leak in.
    const env = { ...io.env, BARNACLE_URL: undefined, BARNACLE_TOKEN: undefined, BARNACLE_STATE_DIR: undefined };
    const child = new Child({ name, script, args, env, clock, onLine, onLog });
    child.onUnexpectedExit((error) => this.#failure.reject(error));
    this.#children.push(child);
    return child;
  }

  #orFailure<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#failure.promise]);
  }
}

/** The node has its engines and its line to the hub; resolves with its device id. */
class Readiness {
  readonly #up = Promise.withResolvers<string>();
  #deviceId: string | undefined;
  #online = false;

  get up(): Promise<string> {
    return this.#up.promise;
  }

  take(line: JsonLine): void {
    if (line.event !== "state") return;
    if (line.part === "agent" && line.state === "ready") this.#deviceId = String(line.deviceId);
    if (line.part === "link" && line.state === "online") this.#online = true;
    if (this.#deviceId !== undefined && this.#online) this.#up.resolve(this.#deviceId);
  }
}

function addressFrom(line: JsonLine): HubAddress | undefined {
  const { ready, gateway, mqtt } = line;
  if (ready !== true || !isObject(gateway) || !isObject(mqtt)) return undefined;
  return { gatewayUrl: String(gateway.url), gatewayPort: Number(gateway.port), mqttPort: Number(mqtt.port) };
}
