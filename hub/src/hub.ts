/** The hub's composition root: the only file that knows every part. */
import path from "node:path";
import { messageOf } from "@barnacle/protocol/errors";
import { loadOrCreateIdentity } from "@barnacle/protocol/identity";
import {
  type Clock,
  type Log,
  type Random,
  startAll,
  stopAll,
  systemClock,
  systemRandom,
  type Unit,
} from "@barnacle/protocol/runtime";
import { gatewayToken, removeNotice, writeNotice } from "./access/index.ts";
import { ApiRoutes } from "./api/index.ts";
import { AuditTrail } from "./audit/index.ts";
import { HomeConditions } from "./beads/home.ts";
import { HubInbound, MqttBroker, MqttLink, MqttMessenger } from "./broker/index.ts";
import { CommandDoor } from "./commands/index.ts";
import { agentParts } from "./compose/agent.ts";
import { everydayParts } from "./compose/everyday.ts";
import { fleetParts } from "./compose/fleet.ts";
import { pageRoutes } from "./compose/pages.ts";
import { reach } from "./compose/reach.ts";
import { recordParts } from "./compose/records.ts";
import type { HubConfig } from "./config/index.ts";
import { MemoryCounters } from "./counters.ts";
import { DashboardRoutes } from "./dashboard/routes.ts";
import { DeviceRegistry } from "./devices/index.ts";
import { SafeOutputs, stopChange } from "./estop/index.ts";
import { GatewayServer, LocalDoor, WsLink } from "./gateway/index.ts";
import { HouseholdModel } from "./household/index.ts";
import { HttpServer, isLoopback } from "./http/index.ts";
import { StoredInbox } from "./inbox/index.ts";
import { RotatedLogFile } from "./logs/index.ts";
import { NativeNodes } from "./nodes/index.ts";
import { CapabilityRouter, Dispatcher } from "./routing/index.ts";
import { Store } from "./store/index.ts";
import { Tasks } from "./tasks/index.ts";
import { Timers } from "./timers/index.ts";
import { LazyTown } from "./town/lazy.ts";
import type { TownHub } from "./town/part.ts";
import { HubUplink } from "./uplink/index.ts";
import { HUB_VERSION } from "./version.ts";
import { HomeResponder, VoiceTurnService } from "./voice/index.ts";
import { StoredWakeWords } from "./wakewords/index.ts";

/** What a hub is started with; what is given wins over the configuration. */
export interface HubOptions {
  readonly config: HubConfig;
  readonly configFile?: string | undefined;
  readonly stateDir: string;
  /** 0 picks a free one. */
  readonly port?: number | undefined;
  readonly mqttPort?: number | undefined;
  readonly mqttTlsPort?: number | undefined;
  readonly bind?: "loopback" | "lan" | undefined;
  readonly token?: string | undefined;
  /** Stops this hub and starts it again; absent when nobody can. Must not be awaited by the hub. */
  readonly restart?: ((reason: string) => void) | undefined;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: Random;
}

export interface RunningHub {
  /** `ws://127.0.0.1:18789` */
  readonly gatewayUrl: string;
  /** `mqtt://127.0.0.1:1883` */
  readonly mqttUrl: string;
  /** For nodes elsewhere; undefined when the hub serves its own machine alone. */
  readonly mqttTlsPort: number | undefined;
  readonly stateDir: string;
  stop(): Promise<void>;
}

/** A command that writes work beside a stopped hub holds the lock for a moment. */
const LOCK_WAIT_MS = 1500;

/**
 * Builds every part, starts them in order and resolves when nodes and operators are served. When one fails, those that had
 * started are stopped again.
 * @throws STATE_LOCKED, STATE_UNWRITABLE, PORT_BUSY, BIND_REFUSED
 */
export async function startHub(options: HubOptions): Promise<RunningHub> {
  const { config, stateDir } = options;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const logFile = new RotatedLogFile({ file: path.join(stateDir, "barnacle.log"), clock });
  const log = logFile.beside(options.log);
  const host = (options.bind ?? config.gateway.bind) === "lan" ? "0.0.0.0" : "127.0.0.1";
  const onLan = host !== "127.0.0.1";
  const about = { site: config.site, hubName: config.name };
  let ready = false;

  const counters = new MemoryCounters();
  const store = new Store({ stateDir, clock, log, lockWaitMs: LOCK_WAIT_MS });
  // First: it makes the state directory and takes its lock.
  await store.start();
  const token = await kept(store, () => gatewayToken(stateDir, options.token ?? config.gateway.token, random));
  logFile.hide([token]);
  const audit = new AuditTrail({ store, clock, log });
  const devices = new DeviceRegistry({
    store,
    clock,
    random,
    log,
    audit,
    ...about,
    mqttAddress: (remoteIp) => {
      const { tlsPort } = broker;
      if (tlsPort === undefined || isLoopback(remoteIp)) return { port: broker.port, tls: false };
      return { port: tlsPort, tls: true };
    },
    authority: () => way.authority(),
  });
  const conditions = new HomeConditions({ devices, voice: () => voice, clock });
  const records = recordParts({
    ...{ config, store, audit, clock, random, log, logFile, configFile: options.configFile, restart: options.restart },
    canApprove: (asker, selfApprove) => gateway.canApprove(asker, selfApprove),
    conditions,
  });
  const { policy, estop } = records.services;
  const inbox = new StoredInbox({ store, clock, random });
  const household = new HouseholdModel({ config: config.household, devices, clock });
  const wakeWords = new StoredWakeWords({ store, clock, initial: config.wakeWords });
  const router = new CapabilityRouter({ devices, clock });

  const way = reach({ config, stateDir, host, port: () => http.port, clock, log });
  const broker: MqttBroker = new MqttBroker({
    // Plain text never leaves this machine.
    host: "127.0.0.1",
    port: options.mqttPort ?? config.mqtt.port,
    secure:
      way.certificates && onLan
        ? {
            host,
            port: options.mqttTlsPort ?? (options.mqttPort === 0 ? 0 : config.mqtt.tlsPort),
            source: way.certificates,
          }
        : undefined,
    limits: { maxClients: config.mqtt.maxConnections },
    site: config.site,
    devices,
    // The parts behind it are made below, because they in turn reach nodes through the broker.
    inbound: new HubInbound({
      devices,
      inbox,
      counters,
      log,
      actual: (deviceId, actual) => fleet.config.receive(deviceId, actual),
      voice: {
        receive: (deviceId, report) => voice.receive(deviceId, report),
        wake: (deviceId, event) => voice.wake(deviceId, event),
        spoken: (deviceId, report) => voice.spoken(deviceId, report),
      },
    }),
    store,
    counters,
    clock,
    random,
    log,
  });
  const mqttLink = new MqttLink({ broker, clock, log });
  const wsLink = new WsLink({ clock });
  const nodes = new NativeNodes({ store, devices, clock, random });
  const commands = new CommandDoor({
    ...{ store, clock, random, log, policy, audit, devices, household, counters },
    approvals: records.gate,
  });
  commands.attach(mqttLink);
  commands.attach(wsLink);
  mqttLink.events.on("late", ({ deviceId, result }) => {
    commands.settleLate(deviceId, result).catch((error: unknown) => {
      log.error({ deviceId, commandId: result.commandId, error: messageOf(error) }, "a late result could not be kept");
    });
  });
  const messenger = new MqttMessenger({ broker, devices, household, wakeWords, hubVersion: HUB_VERSION, clock, log });
  const fleet = fleetParts({ store, devices, broker, commands, clock, random, log });
  const timers = new Timers({ store, clock, random, log, commands, router });
  const tasks = new Tasks({ store, clock, random, beads: records.services.beads });
  const say: TownHub["say"] = ({ channel, to, text, key: idempotencyKey }) =>
    everyday.services.channels.send({
      ...{ channel, text, idempotencyKey, principal: { kind: "system", id: "escalations" } },
      ...(to === undefined ? {} : { to }),
    });
  const town = new LazyTown({
    ...{ store, clock, random, log, beads: records.services.beads },
    hub: { config: () => records.services.configFile.running() as HubConfig, inbox, policy, audit, estop, say },
  });
  estop.attach(new SafeOutputs({ devices, commands, random, log }));
  estop.events.on("changed", (state) => town.events.emit("changed", stopChange(state, clock.now())));
  const shared = { config, store, clock, random, log, devices, household, router, commands };
  const uplink =
    config.uplink &&
    new HubUplink({
      ...{ config: config.uplink, directory: path.join(stateDir, "uplink"), hubVersion: HUB_VERSION },
      ...{ devices, commands, wakeWords, clock, random, log },
    });
  const agent = agentParts({
    ...shared,
    offers: nodes.offers,
    channels: () => everyday.services.channels,
    elsewhere: uplink,
    wakeTarget: (phrase) => everyday.services.wakeRouting.target(phrase),
    toolSources: [{ tools: () => everyday.skillTools.tools() }],
    voice: () => voice,
  });
  const voice: VoiceTurnService = new VoiceTurnService({
    store,
    clock,
    random,
    log,
    inbox,
    devices,
    commands,
    router,
    household,
    messenger,
    responders: [new HomeResponder({ household, devices, timers, tasks, clock, estop })],
    otherwise: (turn, principal) => agent.answerFreely(turn, principal),
  });
  const everyday = everydayParts({
    ...shared,
    offers: nodes.offers,
    inbox,
    runs: agent.runs,
    sessions: agent.sessions,
    answersFreely: agent.models.default.provider !== "barnacle",
  });
  const gateway: GatewayServer = new GatewayServer({
    ...about,
    version: HUB_VERSION,
    devices,
    commands,
    router,
    routed: new Dispatcher({ router, commands, devices }),
    ...records.services,
    town,
    audit,
    inbox,
    voice,
    runs: agent.runs,
    sessions: agent.sessions,
    ...everyday.services,
    ...{ fleetConfig: fleet.config, fleetJobs: fleet.jobs },
    ...{ agents: agent.agents, models: agent.models, toolbox: agent.toolbox },
    household,
    wakeWords,
    counters,
    faultsOf: (deviceId) => broker.faultsOf(deviceId),
    wsLink,
    nodes,
    clock,
    random,
    log,
    token,
    identity: loadOrCreateIdentity(stateDir),
    endpoint: () => way.endpoint(),
    password: config.gateway.password,
    nodeCommands: config.gateway.nodeCommands,
    trustedProxies: config.gateway.trustedProxies,
    maxConnections: config.gateway.maxConnections,
    requestsPerMinute: config.gateway.requestsPerMinute,
    stateDir,
  });
  const secrets = [token, ...(config.gateway.password === undefined ? [] : [config.gateway.password])];
  const http: HttpServer = new HttpServer({
    host,
    tls: way.front,
    trustedProxies: config.gateway.trustedProxies,
    port: options.port ?? config.gateway.port,
    hubName: config.name,
    version: HUB_VERSION,
    devices,
    gateway,
    routes: [
      new ApiRoutes({
        ...{ ...agent, heartbeats: everyday.services.heartbeats, hooks: config.hooks, clock, random, log },
        secrets,
      }),
      new DashboardRoutes({ beads: records.services.beads, town, devices, secrets, clock }),
      ...pageRoutes({
        ...{
          config,
          configFile: records.services.configFile,
          agents: agent.agents,
          secrets,
          clock,
          counters,
          devices,
          voice,
        },
        version: HUB_VERSION,
        connections: () => gateway.clients,
        gateway,
      }),
    ],
    isReady: () => ready,
    counters,
    clock,
    log,
  });

  // Wires last: nothing from outside comes in before everything behind it stands.
  const units: Unit[] = [
    audit,
    devices,
    ...records.units,
    wakeWords,
    household,
    commands,
    mqttLink,
    messenger,
    ...fleet.units,
    timers,
    tasks,
    voice,
    conditions,
    town,
    ...agent.units(),
    ...everyday.units(),
    ...way.before,
    gateway,
    new LocalDoor({ stateDir, calls: gateway, log }),
    broker,
    ...(uplink ? [uplink] : []),
    http,
    ...way.after,
  ];
  await kept(store, () => startAll(units));
  ready = true;
  const running = {
    gatewayUrl: `ws://127.0.0.1:${http.port}`,
    mqttUrl: `mqtt://127.0.0.1:${broker.port}`,
    mqttTlsPort: broker.tlsPort,
    stateDir,
  };
  writeNotice(stateDir, { url: running.gatewayUrl, token, mqttUrl: running.mqttUrl, pid: process.pid });
  log.info({ version: HUB_VERSION, host, ...running }, "hub ready");
  return {
    ...running,
    async stop() {
      ready = false;
      removeNotice(stateDir);
      await stopAll([store, ...units]);
    },
  };
}

/** Runs a step of the start; when it fails, the store is closed and its lock given back. */
async function kept<T>(store: Store, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    await store.stop();
    throw error;
  }
}
