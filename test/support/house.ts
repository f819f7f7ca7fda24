import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { type DeviceIdentity, generateIdentity } from "@barnacle/protocol/identity";
import { GatewayClient } from "../../hub/src/cli/gateway/client.ts";
import type { DeviceRecord } from "../../hub/src/services.ts";
import { HUB_BIN, type JsonLine, NODE_BIN, PATIENCE_MS, ROOT, Running, runOnce } from "./process.ts";

export const CLIPS = path.join(ROOT, "test", "fixtures", "audio");
export const KITCHEN_CLIP = path.join(CLIPS, "cmd-kitchen-light-slt.wav");

/** GPIO line of the kitchen light. */
export const LIGHT = 17;
const POLL_MS = 50;

export interface HouseOptions {
  /** What the node hears: its `microphone` section. */
  readonly microphone?: Record<string, unknown>;
  readonly node?: Record<string, unknown>;
  readonly hub?: Record<string, unknown>;
  /** The hub serves other machines, too: TLS, and an announcement by mDNS. */
  readonly lan?: boolean;
  /** Of both. */
  readonly env?: NodeJS.ProcessEnv;
  /** Of the node alone, besides. */
  readonly nodeEnv?: NodeJS.ProcessEnv;
}

/** One hub and one kitchen node as separate processes, with all their files below one directory. */
export class House {
  readonly dir: string;
  readonly hubState: string;
  readonly nodeState: string;
  readonly replies: string;
  readonly pins: string;
  hub: Running | undefined;
  node: Running | undefined;
  readonly #options: HouseOptions;
  readonly #operator: DeviceIdentity = generateIdentity();
  #ports: { gateway: number; mqtt: number; tls?: number } | undefined;

  constructor(dir: string, options: HouseOptions = {}) {
    this.dir = dir;
    this.hubState = path.join(dir, "hub");
    this.nodeState = path.join(dir, "node");
    this.replies = path.join(dir, "replies");
    this.pins = path.join(dir, "pins.json");
    this.#options = options;
    for (const each of [this.hubState, this.nodeState, this.replies]) mkdirSync(each, { recursive: true, mode: 0o700 });
    this.#write("hub.yaml", { name: "Test hub", ...options.hub });
    this.#write("node.yaml", {
      name: "Kitchen",
      room: "kitchen",
      microphone: options.microphone ?? { driver: "none" },
      voice: { engine: "espeak-ng", player: "file", directory: this.replies },
      gpio: { driver: "fake", stateFile: this.pins, lines: [{ line: LIGHT, name: "kitchen light" }] },
      appliances: [{ id: "light", name: "light", kind: "light", line: LIGHT }],
      telemetry: { intervalS: 1 },
      ...options.node,
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports?.gateway}`;
  }

  /** The hub as other machines see it. */
  lanUrl(address: string): string {
    return `http://${address}:${this.#ports?.gateway}`;
  }

  /** Of MQTT with TLS. */
  get tlsPort(): number {
    return this.#ports?.tls ?? 0;
  }

  get mqttPort(): number {
    return this.#ports?.mqtt ?? 0;
  }

  /** Starts the hub; after the first time on the same ports, as a service manager would. */
  async startHub(): Promise<Running> {
    const ports = this.#ports ?? { gateway: 0, mqtt: 0 };
    const lan = this.#options.lan ? ["--bind", "lan", "--mqtt-tls-port", String(ports.tls ?? 0)] : [];
    const args = ["hub", "--config", path.join(this.dir, "hub.yaml"), "--state-dir", this.hubState, "--json"];
    this.hub = new Running(
      "hub",
      HUB_BIN,
      [...args, ...lan, "--port", String(ports.gateway), "--mqtt-port", String(ports.mqtt)],
      this.#options.env,
    );
    const ready = await this.hub.line("the ready line", (line) => line.ready === true);
    const mqtt = ready.mqtt as { port: number; tlsPort?: number };
    this.#ports = {
      ...{ gateway: (ready.gateway as { port: number }).port, mqtt: mqtt.port },
      ...(mqtt.tlsPort === undefined ? {} : { tls: mqtt.tlsPort }),
    };
    return this.hub;
  }

  /** Starts the node; `setupCode` for the first time. Without `hub` it has to find one. */
  startNode(setupCode?: string, hub: string | undefined = this.url): Running {
    return this.runNode([...(hub ? ["--hub", hub] : []), ...(setupCode ? ["--setup-code", setupCode] : [])]);
  }

  /** Starts the node with these arguments besides its files. */
  runNode(more: readonly string[]): Running {
    const args = ["--config", path.join(this.dir, "node.yaml"), "--state-dir", this.nodeState, "--events", "--json"];
    this.node = new Running("node", NODE_BIN, [...args, ...more], { ...this.#options.env, ...this.#options.nodeEnv });
    return this.node;
  }

  /** Runs a `barnacle` command against this hub and parses what it printed. */
  async cli(...args: string[]): Promise<{ code: number | null; json: unknown; stderr: string }> {
    const result = await runOnce(HUB_BIN, [...args, "--json", "--state-dir", this.hubState]);
    return {
      code: result.code,
      json: result.stdout.trim() === "" ? undefined : JSON.parse(result.stdout),
      stderr: result.stderr,
    };
  }

  /** One gateway call on a connection of its own, always by the same operator; quicker than a command line. */
  async call<T>(method: string, params: object = {}, timeoutMs = 10_000): Promise<T> {
    const { url, token } = JSON.parse(readFileSync(path.join(this.hubState, "hub.json"), "utf8")) as {
      url: string;
      token: string;
    };
    const client = new GatewayClient({ url, token, identity: this.#operator, version: "0.0.0" });
    try {
      await client.open();
      return await client.call<T>(method, params, timeoutMs);
    } finally {
      await client.close();
    }
  }

  async setupCode(): Promise<string> {
    const { json } = await this.cli("devices", "code");
    return (json as { code: string }).code;
  }

  /** Hub up, node paired by setup code and online. */
  async open(): Promise<Running> {
    await this.startHub();
    const node = this.startNode(await this.setupCode());
    await linkUp(node);
    return node;
  }

  /** Waits until the hub has heard from its node that it recognises speech: a new node first gets its grammar. */
  async listening(): Promise<void> {
    await this.eventually("a node that recognises speech", async () => {
      const { devices } = await this.call<{ devices: DeviceRecord[] }>("barnacle.devices.list");
      const capabilities = devices.flatMap((device) => device.manifest?.capabilities ?? []);
      return capabilities.find(({ name, available }) => name === "speech.recognise" && available);
    });
  }

  /** Repeats `probe` until it gives something; what it throws meanwhile (a hub that is just starting, say) is borne. */
  async eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    let last: unknown;
    while (performance.now() < deadline) {
      try {
        const found = await probe();
        if (found !== undefined) return found;
      } catch (error) {
        last = error;
      }
      await pause(POLL_MS);
    }
    const reason = last === undefined ? "" : ` (${messageOf(last)})`;
    throw new BarnacleError(
      "TIMEOUT",
      `${what} did not come about${reason}\n${this.hub?.report()}\n${this.node?.report()}`,
    );
  }

  async close(): Promise<void> {
    await this.node?.stop();
    await this.hub?.stop();
  }

  /** State of the light, undefined before the pins file is there. */
  light(): number | undefined {
    if (!existsSync(this.pins)) return undefined;
    const state = JSON.parse(readFileSync(this.pins, "utf8")) as {
      lines: { line: number; value: number; writes?: number }[];
    };
    return state.lines.find((line) => line.line === LIGHT)?.value;
  }

  /** How often the light's pin was written since the node first opened it. */
  writes(): number {
    if (!existsSync(this.pins)) return 0;
    const state = JSON.parse(readFileSync(this.pins, "utf8")) as { lines: { line: number; writes: number }[] };
    return state.lines.find((line) => line.line === LIGHT)?.writes ?? 0;
  }

  /** Spoken replies so far: file and size. */
  spoken(): { file: string; bytes: number }[] {
    return readdirSync(this.replies)
      .filter((name) => name.endsWith(".wav"))
      .sort()
      .map((name) => ({ file: path.join(this.replies, name), bytes: statSync(path.join(this.replies, name)).size }));
  }

  /** The turn, once the hub has finished it and knows how the reply was played. */
  async turnDone(turnId: string): Promise<JsonLine> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const { json } = await this.cli("turns", "show", turnId);
      const turn = json as JsonLine | undefined;
      if (turn && (turn.status === "failed" || (turn.status === "done" && turn.replySpoken !== undefined))) return turn;
    }
    throw new BarnacleError(
      "TIMEOUT",
      `turn ${turnId} was not finished\n${this.hub?.report()}\n${this.node?.report()}`,
    );
  }

  async turns(): Promise<JsonLine[]> {
    return (await this.cli("turns", "list")).json as JsonLine[];
  }

  /** What the node keeps for the hub, read beside the node or after its end. */
  outbox(): { id: string; kind: string }[] {
    const db = new DatabaseSync(path.join(this.nodeState, "node.db"), { readOnly: true });
    try {
      return db.prepare("SELECT id, kind FROM outbox").all() as unknown as { id: string; kind: string }[];
    } finally {
      db.close();
    }
  }

  #write(name: string, content: unknown): void {
    // JSON is YAML.
    writeFileSync(path.join(this.dir, name), JSON.stringify(content, undefined, 2));
  }
}

/** Waits until the node is connected; only what it printed at or after line `from` counts. */
export function linkUp(node: Running, from = 0): Promise<JsonLine> {
  return node.line(
    "the link to come up",
    (line) => line.event === "state" && line.part === "link" && line.state === "online",
    from,
  );
}
