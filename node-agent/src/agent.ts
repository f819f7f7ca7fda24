import { messageOf } from "@barnacle/protocol/errors";
import type { DeviceIdentity } from "@barnacle/protocol/identity";
import { type Clock, Events, type Log, type Random, type Unit } from "@barnacle/protocol/runtime";
import type { CapabilityManifest, CommandRequest, CommandResult, JsonObject } from "@barnacle/protocol/schema";
import type { MakeClient } from "@barnacle/protocol/uplink";
import { agentCommands } from "./agent-commands.ts";
import { Executor, Journal } from "./commands/index.ts";
import type { NodeConfiguration } from "./config/index.ts";
import { Controls, lightOf } from "./controls/index.ts";
import type { NodeEventMap, NodeEvents } from "./events.ts";
import { closeHardware, type FindHardware, isHere } from "./hardware/node-hardware.ts";
import { type Home, type HomeParts, HubHome } from "./home/index.ts";
import { Household, rememberedConfig } from "./household/index.ts";
import { manifestOf, partsOf } from "./manifest/index.ts";
import { PinStates, Pins } from "./pins/index.ts";
import { Ears, Mute, Pipeline } from "./pipeline/index.ts";
import { Speaker } from "./speaker/index.ts";
import { type NodeDatabase, openState, StateKeeper } from "./state/index.ts";
import { Counters, Stocktaking, Telemetry } from "./telemetry/index.ts";
import { makeUpdater } from "./update/index.ts";
import { AGENT_VERSION } from "./version.ts";
import type { Wanted } from "./wanted/index.ts";

const PRUNE_MS = 24 * 3600 * 1000;
const RESTART_MS = 300;

export interface AgentParts {
  readonly config: NodeConfiguration;
  readonly setupCode: string | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** PATH, for `system.which`. */
  readonly searchPath: () => string | undefined;
  readonly find: FindHardware;
  /** How a gateway is reached, for tests. */
  readonly makeClient?: MakeClient;
  /** What the hub wants of the configuration; absent: only the node's own counts. */
  readonly wanted?: Wanted;
  /** This process is to end; whoever started it starts it anew. */
  readonly leave?: (reason: string) => void;
}

/** The whole node: the one file that knows every part and ties them together. */
export class Agent implements Unit {
  readonly events: NodeEvents = new Events<NodeEventMap>();
  readonly #parts: AgentParts;
  readonly #counters = new Counters();
  /** What `stop` undoes, last first. */
  #undo: (() => unknown)[] = [];
  #manifest: (() => CapabilityManifest) | undefined;
  #ailment: (() => string | undefined) | undefined;
  #config: NodeConfiguration;
  #restarting: Promise<void> | undefined;
  #started = false;
  /** Takes over what a running node can. */
  #live: (() => void) | undefined;

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.#config = parts.config;
  }

  /**
   * Resolves when the node hears and obeys; the hub may be away.
   * @throws STATE_LOCKED, STATE_UNWRITABLE, IDENTITY_INVALID; FILE_UNREADABLE or AUDIO_FORMAT for a configured recording
   */
  async start(): Promise<void> {
    this.#started = true;
    this.#parts.wanted?.events.on("changed", ({ config, live }) => this.#reconfigure(config, live), this);
    try {
      await this.#assemble();
    } catch (error) {
      const why = `the node does not start with it: ${messageOf(error)}`;
      await this.#end();
      // With the one before; a node that cannot start with its own configuration ends.
      if (this.#parts.wanted?.failed(why)) return this.#restarting;
      await this.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#parts.wanted?.events.dropOwner(this);
    await this.#restarting;
    await this.#end();
  }

  /** Everything anew, in this process: for a configuration that a running node cannot take. */
  restart(): void {
    this.#restarting ??= this.#again().finally(() => {
      this.#restarting = undefined;
    });
  }

  async #again(): Promise<void> {
    // Who asked is answered first, and is not stopped while it waits for this.
    await new Promise<void>((resolve) => this.#parts.clock.after(RESTART_MS, resolve));
    if (!this.#started) return;
    this.events.emit("state", { part: "agent", state: "restarting" });
    await this.#end();
    try {
      await this.#assemble();
    } catch (error) {
      await this.#end();
      this.#parts.log.error({ reason: messageOf(error) }, "the node does not start again");
      if (this.#parts.wanted?.failed(`the node does not start with it: ${messageOf(error)}`)) await this.#again();
      else this.#parts.leave?.(messageOf(error));
    }
  }

  #reconfigure(config: NodeConfiguration, live: boolean): void {
    this.#config = config;
    if (live) this.#live?.();
    else this.restart();
  }

  async #end(): Promise<void> {
    this.#ailment = undefined;
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

  /** Why only a restart of the process helps; undefined while all is well, or heals by itself. */
  ailment(): string | undefined {
    return this.#ailment?.();
  }

  async #assemble(): Promise<void> {
    const { clock, random, log } = this.#parts;
    const config = this.#config;
    this.events.emit("state", { part: "agent", state: "starting" });
    const state = openState(config.stateDir, log);
    this.#undo.push(state.close);
    const { identity, settings, store: db } = state;
    let home: Home | undefined;
    const disk = new StateKeeper({
      ...{ store: db, settings, clock },
      others: [state.settle, () => home?.unsaved],
      changed: (reason) => {
        this.events.emit("state", {
          part: "disk",
          state: reason === undefined ? "ok" : "unwritable",
          ...(reason === undefined ? {} : { reason }),
        });
        home?.changed();
      },
    });
    const wakeWords = rememberedConfig(settings)?.wakeWords ?? [];
    const states = new PinStates(settings);
    states.begin();
    const hardware = await this.#parts.find(config, wakeWords, { clock, random, startValue: states.startValue });
    this.#undo.push(() => closeHardware(hardware));
    const model = await hardware.board.model();

    const speaker = new Speaker({
      synthesiser: isHere(hardware.synthesiser) ? hardware.synthesiser : undefined,
      player: isHere(hardware.player) ? hardware.player : undefined,
      clock,
    });
    const mute = new Mute({ settings, startMuted: config.microphone.muted, log });
    const ears = isHere(hardware.microphone)
      ? new Ears({ microphone: hardware.microphone, counters: this.#counters, muted: mute.muted })
      : undefined;
    this.#undo.push(mute.onChange((muted) => void ears?.mute(muted)));
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
      notice: (kind, data) => home?.notice(kind, data),
      changed: () => home?.changed(),
      log,
    });
    this.#undo.push(() => household.stop());
    await household.start();
    const current = (): NodeConfiguration => this.#config;
    const updater = makeUpdater({
      ...{ config, settings, clock, log },
      // Who asked is answered first.
      leave: (reason) => void clock.after(RESTART_MS, () => this.#parts.leave?.(reason)),
    });
    const telemetry = new Telemetry({
      board: hardware.board,
      microphone: () => (ears?.muted ? { ...ears.status, reason: "muted" } : ears?.status),
      storage: () => disk.reason,
      pins: () => (isHere(hardware.gpio) ? hardware.gpio.list() : []),
      counters: this.#counters,
      get intervalMs() {
        return current().telemetry.intervalS * 1000;
      },
      publish: async (sample) => home?.telemetry(sample),
      connected: () => home?.connected ?? false,
      clock,
      random,
      log,
    });
    const stocktaking = new Stocktaking({
      ...{ settings, clock, log },
      boot: () => hardware.board.boot(),
      read: () => hardware.board.inventory(),
      changed: () => home?.changed(),
    });
    const joined = await this.#joinHome(db, {
      config,
      setupCode: this.#parts.setupCode,
      ...{ identity, settings, hardware, speaker, clock, random, log },
      counters: this.#counters,
      events: this.events,
      manifest: () => this.#currentManifest(),
      execute: (request) => this.#execute(executor, request),
      apply: (wanted) => household.apply(wanted),
      reply: (reply) => pipeline?.reply(reply),
      health: () => telemetry.sample(),
      wanted: this.#parts.wanted,
      online: () => updater.online(),
    });
    home = joined;
    this.#live = () => joined.changed();
    if (ears && wake && isHere(hardware.endpoint)) {
      pipeline = new Pipeline({
        ears,
        wake,
        endpoint: hardware.endpoint,
        recogniser: () => household.recogniser,
        speaker,
        connected: () => joined.connected,
        publishWake: (event) => joined.wake(event),
        report: (turn) => joined.turn(turn),
        spoken: (report) => joined.spoken(report),
        answers: joined.answers,
        bargeIn: config.wake.bargeIn,
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
    this.#ailment = () => pipeline?.ailment();
    const pins = isHere(hardware.gpio)
      ? new Pins({
          port: hardware.gpio,
          lines: config.gpio.lines,
          safeAfterMs: config.gpio.safeAfterS * 1000,
          edgesPerS: config.gpio.edgesPerS,
          tell: (kind, data) => joined.notice(kind, data),
          changed: () => joined.changed(),
          ...{ states, settings, clock, log, counters: this.#counters },
        })
      : hardware.gpio;
    const journal = new Journal(db, clock);
    const executor: Executor = new Executor({
      commands: agentCommands({
        ...{ pins, speaker, hardware, mute, ears, name: config.name, updater },
        ...{ pipeline: () => pipeline, joined, searchPath: this.#parts.searchPath, restart: () => this.restart() },
        info: () => this.#info(identity, household.room, model),
        health: async () => ({ ...(await telemetry.sample()) }),
        detections: () => this.#counters.get("wakes"),
      }),
      journal,
      get deny() {
        return current().deny;
      },
      clock,
      log,
      counters: this.#counters,
    });
    this.#manifest = () =>
      manifestOf({
        name: current().name,
        room: household.room,
        platform: process.platform,
        model,
        agentVersion: AGENT_VERSION,
        parts: partsOf(hardware, { mute, disk: disk.reason, ears, pipeline, recogniser: household.recogniser }),
        commands: executor.specs(),
        appliances: current().appliances,
        inventory: stocktaking.inventory,
      });

    const heard = this.events.on("state", ({ part, state, reason }) => {
      if (part !== "microphone") return;
      joined.changed();
      if (state === "lost") joined.notice("microphone.lost", { reason: reason ?? "unknown" });
    });
    this.#undo.push(heard);
    if (isHere(pins)) {
      const linked = this.events.on("state", ({ part }) => {
        if (part === "link" || part === "uplink") pins.connection(joined.connected);
      });
      this.#undo.push(linked);
    }
    const controls = new Controls({
      config: config.controls,
      hid: isHere(hardware.hid) ? hardware.hid : undefined,
      gpio: hardware.gpio,
      mute,
      talk: { begin: () => pipeline?.talk() ?? false, end: () => void pipeline?.finish() },
      light: () =>
        lightOf({
          muted: ears?.muted ?? false,
          pipeline: pipeline?.state,
          speaking: speaker.active,
          connected: joined.connected,
        }),
      notice: (kind, data) => joined.notice(kind, data),
      changed: () => joined.changed(),
      ...{ clock, log },
    });
    this.events.on("state", () => controls.refresh(), controls);
    this.#undo.push(
      () => this.events.dropOwner(controls),
      speaker.onActive(() => controls.refresh()),
      mute.onChange((muted) => {
        controls.refresh();
        joined.changed();
        joined.notice("microphone.mute", { muted, by: [...mute.by] });
      }),
    );
    journal.prune();
    this.#undo.push(clock.every(PRUNE_MS, () => journal.prune()));
    // Before the microphone is opened: a mute switch that is on keeps it closed.
    const listening = pipeline ? [pipeline] : [];
    const wanted = this.#parts.wanted ? [this.#parts.wanted, updater] : [updater];
    const units = [disk, ...(isHere(pins) ? [pins] : []), controls, telemetry, ...listening, ...wanted, joined];
    for (const unit of [...units, stocktaking]) {
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

  async #joinHome(db: NodeDatabase, parts: HomeParts): Promise<Home> {
    const { uplink } = this.#config;
    if (!uplink) return new HubHome(parts, db);
    // Loaded by need: most nodes have a hub.
    const { GatewayHome } = await import("./home/gateway-home.ts");
    return new GatewayHome(parts, uplink, this.#parts.makeClient);
  }

  #currentManifest(): CapabilityManifest {
    const config = this.#config;
    const bare = { name: config.name, platform: process.platform, agentVersion: AGENT_VERSION };
    return this.#manifest?.() ?? { ...bare, capabilities: [], commands: [], appliances: [] };
  }

  async #execute(executor: Executor, request: CommandRequest): Promise<CommandResult> {
    const result = await executor.execute(request);
    this.events.emit("command", { request, result });
    return result;
  }

  #info(identity: DeviceIdentity, room: string | undefined, model: string): JsonObject {
    return {
      deviceId: identity.deviceId,
      name: this.#config.name,
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
