import { messageOf } from "@barnacle/protocol/errors";
import { type DeviceIdentity, loadOrCreateIdentity } from "@barnacle/protocol/identity";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { CapabilityManifest, CommandRequest, JsonObject } from "@barnacle/protocol/schema";
import { Type } from "@sinclair/typebox";
import { deviceCommands, Executor, gpioCommands, Journal, soundCommands } from "./commands/index.ts";
import { makeStateDir, type NodeConfiguration } from "./config/index.ts";
import type { NodeEventMap, NodeEvents } from "./events.ts";
import { type FindHardware, isHere, type NodeHardware, reasonOf } from "./hardware/node-hardware.ts";
import { Household, rememberedConfig } from "./household/index.ts";
import { Link } from "./link/index.ts";
import { manifestOf, partsOf } from "./manifest/index.ts";
import { Outbox } from "./outbox/index.ts";
import { HubMembership } from "./pairing/index.ts";
import { Ears, Pipeline } from "./pipeline/index.ts";
import { Speaker } from "./speaker/index.ts";
import { lockStateDir, openDatabase, Settings } from "./state/index.ts";
import { Counters, Telemetry } from "./telemetry/index.ts";
import { AGENT_VERSION } from "./version.ts";

const MUTED_KEY = "muted";
const PRUNE_MS = 24 * 3600 * 1000;

export interface AgentParts {
  readonly config: NodeConfiguration;
  readonly setupCode: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** PATH, for `system.which`. */
  readonly searchPath: () => string | undefined;
  readonly find: FindHardware;
}

/** The whole node: the one file that knows every part and ties them together. */
export class Agent implements Unit {
  readonly events: NodeEvents = new Events<NodeEventMap>();
  readonly #parts: AgentParts;
  readonly #counters = new Counters();
  /** What `stop` undoes, last first. */
  #undo: (() => unknown)[] = [];
  #announced = "";
  #link: Link | undefined;
  #manifest: (() => CapabilityManifest) | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
  }

  /**
   * Resolves when the node hears and obeys; the hub may be away.
   * @throws STATE_LOCKED, STATE_UNWRITABLE, IDENTITY_INVALID; FILE_UNREADABLE or AUDIO_FORMAT for a configured recording
   */
  async start(): Promise<void> {
    try {
      await this.#assemble();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    const undo = this.#undo.splice(0).reverse();
    for (const step of undo) {
      try {
        await step();
      } catch (error) {
        this.#parts.log.warn({ reason: messageOf(error) }, "a part did not stop cleanly");
      }
    }
    if (undo.length > 0) this.events.emit("state", { part: "agent", state: "stopped" });
  }

  async #assemble(): Promise<void> {
    const { config, clock, random, log } = this.#parts;
    this.events.emit("state", { part: "agent", state: "starting" });
    makeStateDir(config.stateDir);
    this.#undo.push(lockStateDir(config.stateDir));
    const identity = loadOrCreateIdentity(config.stateDir);
    const db = openDatabase(config.stateDir);
    this.#undo.push(() => db.close());
    const settings = new Settings(db);
    const wakeWords = rememberedConfig(settings)?.wakeWords ?? [];
    const hardware = await this.#parts.find(config, wakeWords, { clock, random });
    this.#undo.push(() => closeHardware(hardware));
    const model = await hardware.board.model();

    const link = this.#makeLink(identity, settings);
    const outbox = new Outbox({
      db,
      clock,
      log,
      counters: this.#counters,
      connected: () => link.connected,
      send: (kind, id, body) => link.publish(kind, body, { message: id }),
    });
    const speaker = new Speaker({
      synthesiser: isHere(hardware.synthesiser) ? hardware.synthesiser : undefined,
      player: isHere(hardware.player) ? hardware.player : undefined,
      clock,
    });
    const ears = isHere(hardware.microphone)
      ? new Ears({
          microphone: hardware.microphone,
          counters: this.#counters,
          muted: settings.get(MUTED_KEY, Type.Boolean()) ?? false,
        })
      : undefined;
    let pipeline: Pipeline | undefined;
    let wake = isHere(hardware.wake) ? hardware.wake : undefined;
    this.#undo.push(() => wake?.close());
    const household = new Household({
      settings,
      room: config.room,
      phrases: config.wake.phrases,
      current: wake?.phrases ?? [],
      recogniser: hardware.recogniser,
      wakePhrases: hardware.wakePhrases,
      makeWake: hardware.makeWake,
      useWake: async (engine) => {
        const old = wake;
        wake = engine;
        pipeline?.replaceWake(engine);
        await old?.close();
      },
      notice: (kind, data) => this.#notice(kind, data),
      changed: () => this.#announce(),
      log,
    });
    this.#undo.push(() => household.stop());
    await household.start();
    if (ears && wake && isHere(hardware.endpoint)) {
      pipeline = new Pipeline({
        ears,
        wake,
        endpoint: hardware.endpoint,
        recogniser: () => household.recogniser,
        speaker,
        connected: () => link.connected,
        publishWake: (event) => this.#send(link.publish("wake", event), "wake event"),
        report: (turn) => outbox.put("turn", turn.turnId, turn),
        spoken: (report) => outbox.put("spoken", `${report.turnId}-spoken`, report),
        room: () => household.room,
        replyMs: config.speech.replyMs,
        limitMs: config.speech.limitMs,
        clock,
        random,
        events: this.events,
        counters: this.#counters,
        log,
      });
    }
    const telemetry = new Telemetry({
      board: hardware.board,
      microphone: () => ears?.status,
      counters: this.#counters,
      intervalMs: config.telemetry.intervalS * 1000,
      publish: (sample) => link.publish("telemetry", sample),
      connected: () => link.connected,
      clock,
      random,
      log,
    });
    const journal = new Journal(db, clock);
    const executor = new Executor({
      commands: [
        ...gpioCommands(hardware.gpio),
        ...soundCommands({
          speaker,
          playerMissing: () => reasonOf(hardware.player),
          voiceMissing: () => reasonOf(hardware.synthesiser) ?? reasonOf(hardware.player),
          microphoneMissing: () => reasonOf(hardware.microphone),
          quiet: () => pipeline?.quiet() ?? Promise.resolve(),
          mute: async (muted) => {
            settings.set(MUTED_KEY, muted);
            await ears?.mute(muted);
          },
          muted: () => ears?.muted ?? true,
          name: config.name,
        }),
        ...deviceCommands({
          info: async () => this.#info(identity, household.room, model),
          health: async () => ({ ...(await telemetry.sample()) }),
          wakeStatus: () => wakeStatus(hardware, pipeline, ears, this.#counters),
          searchPath: this.#parts.searchPath,
        }),
      ],
      journal,
      deny: config.deny,
      clock,
      log,
      counters: this.#counters,
    });
    this.#manifest = () =>
      manifestOf({
        name: config.name,
        room: household.room,
        platform: process.platform,
        model,
        agentVersion: AGENT_VERSION,
        parts: partsOf(hardware, { ears, pipeline, recogniser: household.recogniser }),
        commands: executor.specs(),
        appliances: config.appliances,
      });

    link.events.on("command", ({ body }) => this.#send(this.#execute(executor, link, body), "command result"));
    link.events.on("reply", ({ body }) => {
      outbox.acknowledge([body.turnId]);
      if (pipeline) pipeline.reply(body);
    });
    link.events.on("ack", ({ body }) => outbox.acknowledge(body.ids));
    link.events.on("config", ({ body }) => this.#send(household.apply(body), "configuration"));
    link.events.on("state", (state) => {
      this.events.emit("state", { part: "link", ...state });
      if (state.state === "online") void outbox.reconnected();
    });
    this.events.on("state", ({ part, state, reason }) => {
      if (part !== "microphone") return;
      this.#announce();
      if (state === "lost") this.#notice("microphone.lost", { reason: reason ?? "unknown" });
    });
    if (isHere(hardware.gpio)) {
      const { gpio } = hardware;
      this.#undo.push(gpio.onEdge(({ line, value, at }) => this.#notice("gpio.edge", { line, value, at })));
    }
    journal.prune();
    this.#undo.push(clock.every(PRUNE_MS, () => journal.prune()));
    for (const unit of [outbox, telemetry, ...(pipeline ? [pipeline] : []), link]) {
      this.#undo.push(() => unit.stop());
      await unit.start();
    }
    this.events.emit("state", {
      part: "agent",
      state: "ready",
      deviceId: identity.deviceId,
      capabilities: this.#manifest().capabilities,
    });
  }

  #makeLink(identity: DeviceIdentity, settings: Settings): Link {
    const { config, clock, random, log, setupCode } = this.#parts;
    const manifest = (): CapabilityManifest => this.#currentManifest();
    const membership = new HubMembership({
      hub: config.hub,
      identity,
      settings,
      clock,
      log,
      setupCode,
      profile: () => {
        const { name, room, platform, agentVersion, capabilities, commands } = manifest();
        return {
          name,
          ...(room === undefined ? {} : { room }),
          platform,
          agentVersion,
          capabilities: capabilities.filter(({ available }) => available).map((capability) => capability.name),
          commands: commands.map((command) => command.name),
        };
      },
      pending: ({ requestId, command }) => {
        this.events.emit("state", { part: "link", state: "pending", requestId, command });
        log.warn({ requestId }, `this node waits for an operator's approval; on the hub run: ${command}`);
      },
    });
    this.#link = new Link({
      identity,
      agentVersion: AGENT_VERSION,
      membership,
      settings,
      counters: this.#counters,
      clock,
      random,
      log,
      manifest: () => {
        const current = manifest();
        this.#announced = JSON.stringify(current);
        return current;
      },
    });
    return this.#link;
  }

  #currentManifest(): CapabilityManifest {
    const { config } = this.#parts;
    const bare = { name: config.name, platform: process.platform, agentVersion: AGENT_VERSION };
    return this.#manifest?.() ?? { ...bare, capabilities: [], commands: [], appliances: [] };
  }

  async #execute(executor: Executor, link: Link, request: CommandRequest): Promise<void> {
    const result = await executor.execute(request);
    this.events.emit("command", { request, result });
    await link.publish("result", result, { topic: result.commandId });
  }

  /** Sends the manifest again, if what it says is no longer what the hub was told. */
  #announce(): void {
    const link = this.#link;
    if (link?.connected && JSON.stringify(this.#currentManifest()) !== this.#announced) {
      this.#send(link.announce(), "capability manifest");
    }
  }

  #notice(kind: string, data: JsonObject): void {
    const link = this.#link;
    if (link?.connected)
      this.#send(link.publish("notice", { kind, at: Math.floor(this.#parts.clock.now()), data }), kind);
  }

  /** What is lost when this fails is asked for again by the hub, or not worth keeping. */
  #send(work: Promise<void>, what: string): void {
    work.catch((error: unknown) => this.#parts.log.debug({ reason: messageOf(error) }, `${what} not delivered`));
  }

  #info(identity: DeviceIdentity, room: string | undefined, model: string): JsonObject {
    return {
      deviceId: identity.deviceId,
      name: this.#parts.config.name,
      ...(room === undefined ? {} : { room }),
      platform: process.platform,
      architecture: process.arch,
      model,
      agentVersion: AGENT_VERSION,
      nodeVersion: process.versions.node,
      uptimeS: Math.round(process.uptime()),
    };
  }
}

function wakeStatus(
  hardware: NodeHardware,
  pipeline: Pipeline | undefined,
  ears: Ears | undefined,
  counters: Counters,
): JsonObject {
  const reason = reasonOf(hardware.microphone) ?? reasonOf(hardware.wake) ?? reasonOf(hardware.endpoint);
  return {
    ...(pipeline
      ? { engine: pipeline.wakeEngine.name, phrases: pipeline.wakeEngine.phrases, state: pipeline.state }
      : {}),
    ...(reason === undefined ? {} : { reason }),
    muted: ears?.muted ?? false,
    microphone: ears ? { name: ears.name, ...ears.status } : { state: "stopped" },
    detections: counters.get("wakes"),
  };
}

async function closeHardware(hardware: NodeHardware): Promise<void> {
  if (isHere(hardware.recogniser)) await hardware.recogniser.close();
  if (isHere(hardware.endpoint)) await hardware.endpoint.close();
  if (isHere(hardware.gpio)) await hardware.gpio.close();
}
