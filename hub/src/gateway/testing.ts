import { generateIdentity } from "@barnacle/protocol/identity";
import { Events, seededRandom, silentLog, stopAll } from "@barnacle/protocol/runtime";
import { Agents, HomeTools, Models, Toolbox } from "../agent/index.ts";
import { FakeRuns } from "../agent/testing.ts";
import type { BrokerEvents } from "../broker/broker.ts";
import { type Everyday, testEveryday } from "../compose/everyday.testing.ts";
import { fleetParts } from "../compose/fleet.ts";
import { testRecords } from "../compose/records.testing.ts";
import type { HubConfig } from "../config/index.ts";
import { MemoryCounters } from "../counters.ts";
import { type TestRegistry, testRegistry } from "../devices/testing.ts";
import { stopChange } from "../estop/index.ts";
import { HttpServer } from "../http/index.ts";
import { NativeNodes } from "../nodes/index.ts";
import { Dispatcher } from "../routing/index.ts";
import type {
  CommandCall,
  CommandOutcome,
  CommandOutlook,
  Commands,
  Household,
  Inbox,
  InboxMessage,
  RouteDecision,
  RouteRequest,
  TurnRecord,
  VoiceTurns,
} from "../services.ts";
import { StoredSessions } from "../sessions/index.ts";
import { LazyTown } from "../town/lazy.ts";
import { StoredWakeWords } from "../wakewords/index.ts";
import { GatewayServer, type GatewayServerOptions } from "./server.ts";
import { TOKEN } from "./testing-client.ts";
import { WsLink } from "./ws-link.ts";

interface Teardown {
  teardown(fn: () => unknown): void;
}

/** Commands that a test answers. */
export class FakeCommands implements Commands, CommandOutlook {
  readonly calls: CommandCall[] = [];
  answer: (call: CommandCall) => Promise<CommandOutcome> = async (call) => outcome(call, {});

  invoke(call: CommandCall): Promise<CommandOutcome> {
    this.calls.push(call);
    return this.answer(call);
  }

  decide(): CommandOutcome["decision"] {
    return { effect: "allow", rule: "test", reason: "" };
  }

  sentTo(): undefined {
    return undefined;
  }
}

export function outcome(call: CommandCall, payload: CommandOutcome["payload"]): CommandOutcome {
  return {
    commandId: "c1",
    deviceId: call.deviceId,
    command: call.command,
    payload,
    durationMs: 1,
    duplicate: false,
    decision: { effect: "allow", rule: "test", reason: "" },
    policyMs: 0,
  };
}

export const TURN: TurnRecord = {
  turnId: "t1",
  source: "text",
  startedAt: 1,
  status: "done",
  outcome: "transcript",
  transcript: "what time is it",
  commands: [],
  reply: "It is noon.",
  ok: true,
  spans: [],
};

export const MESSAGE: InboxMessage = {
  id: "m1",
  channel: "voice",
  account: "k",
  externalId: "t1",
  direction: "in",
  sender: "kitchen",
  text: "what time is it",
  at: 1,
  read: false,
  archived: false,
  receivedAt: 1,
};

export interface TestGateway extends TestRegistry, Everyday {
  readonly url: string;
  readonly port: number;
  readonly gateway: GatewayServer;
  readonly http: HttpServer;
  readonly commands: FakeCommands;
  readonly counters: MemoryCounters;
  readonly wakeWords: StoredWakeWords;
  readonly wsLink: WsLink;
  readonly voice: VoiceTurns;
  readonly inbox: Inbox;
  readonly records: Awaited<ReturnType<typeof testRecords>>;
  /** Runs that the test answers. */
  readonly runs: FakeRuns;
  readonly nodes: NativeNodes;
  readonly sessions: StoredSessions;
  /** What the router answers. */
  route: (request: RouteRequest) => RouteDecision;
}

/** A gateway on a real port, real registry, policy and audit; commands, voice, inbox and router are answered by the test. */
export async function testGateway(t: Teardown, patch: Partial<GatewayServerOptions> = {}): Promise<TestGateway> {
  const registry = await testRegistry(t);
  const { clock, store, audit, devices } = registry;
  const counters = new MemoryCounters();
  const commands = new FakeCommands();
  const wsLink = new WsLink({ clock });
  const random = seededRandom(11);
  const nodes = new NativeNodes({ store, devices, clock, random });
  const wakeWords = new StoredWakeWords({ store, clock, initial: ["hey jarvis"] });
  await wakeWords.start();
  const records = await testRecords(t, registry);
  const voice = fakeVoice();
  const inbox = fakeInbox();
  const runs = new FakeRuns();
  const sessions = new StoredSessions({ store, clock, random: seededRandom(12) });
  const router = { route: (request: RouteRequest) => test.route(request) };
  const household = fakeHousehold();
  const everyday = await testEveryday(t, {
    ...{ store, clock, runs, sessions, devices, commands, household, router, inbox, offers: nodes.offers },
  });
  const broker = { events: new Events<BrokerEvents>(), isReady: () => false, publish: async () => {} };
  const fleet = fleetParts({ store, devices, commands, clock, random, log: silentLog, broker });
  for (const unit of fleet.units) await unit.start();
  t.teardown(() => stopAll([...fleet.units]));
  const town = new LazyTown({
    ...{ store, clock, random, log: silentLog, beads: records.beads },
    hub: {
      ...{ config: () => records.configFile.running() as HubConfig, inbox, audit },
      ...{ policy: records.policy, estop: records.estop, say: async () => {} },
    },
  });
  records.estop.events.on("changed", (state) => town.events.emit("changed", stopChange(state, clock.now())));
  await town.start();
  t.teardown(() => town.stop());
  const toolbox = new Toolbox([new HomeTools({ voice, household, devices, router, commands })]);
  const shared = { clock, random, log: silentLog, counters, devices, version: "0.1.0", hubName: "Test" };
  const gateway = new GatewayServer({
    ...shared,
    site: "home",
    commands,
    router,
    routed: new Dispatcher({ router, commands, devices }),
    audit,
    inbox,
    voice,
    runs,
    town,
    ...everyday,
    ...{ fleetConfig: fleet.config, fleetJobs: fleet.jobs },
    ...{ sessions, agents: new Agents({ profiles: [], hubName: "Test" }), models: new Models({ models: [] }), toolbox },
    household,
    wakeWords,
    ...records,
    faultsOf: () => ({ "malformed.turn": 2 }),
    wsLink,
    nodes,
    identity: generateIdentity(),
    endpoint: () => ({ port: http.port, urls: [], urlSource: "gateway.bind=loopback" }),
    token: TOKEN,
    ...patch,
  });
  const http: HttpServer = new HttpServer({ ...shared, host: "127.0.0.1", port: 0, gateway, isReady: () => true });
  await gateway.start();
  await http.start();
  t.teardown(async () => {
    await gateway.stop();
    await http.stop();
  });
  const test: TestGateway = Object.assign(registry, {
    ...{ url: `ws://127.0.0.1:${http.port}`, port: http.port },
    ...everyday,
    ...{ gateway, http, commands, counters, wakeWords, wsLink, voice, inbox, records, runs, nodes, sessions },
    route: (): RouteDecision => ({ ranked: [], rejected: [] }),
  });
  return test;
}

function fakeVoice(): VoiceTurns {
  return {
    events: new Events(),
    receive: async () => {},
    wake: async () => {},
    spoken: async () => {},
    understands: (text) => text.startsWith("what time"),
    ask: async (text, { room }) => ({ ...TURN, transcript: text, ...(room === undefined ? {} : { room }) }),
    list: async () => [TURN],
    get: async (turnId) => (turnId === TURN.turnId ? TURN : undefined),
  };
}

function fakeInbox(): Inbox {
  return {
    events: new Events(),
    async enter(_entry, alongside) {
      const entered = { message: MESSAGE, created: true };
      alongside?.(entered);
      return entered;
    },
    get: async (id) => (id === MESSAGE.id ? MESSAGE : undefined),
    list: async () => ({ messages: [MESSAGE] }),
    mark: async (_id, flags) => ({ ...MESSAGE, ...flags }),
    trim: async () => 0,
    counts: async () => ({ total: 1, unread: 1, archived: 0 }),
  };
}

export function fakeHousehold(): Household {
  return {
    events: new Events(),
    rooms: () => ["kitchen"],
    appliances: () => [],
    grammar: () => ({ hash: "0123456789abcdef", jsgf: "#JSGF V1.0;", pronunciations: {} }),
  };
}

export {
  type ConnectOptions,
  connectParams,
  type Frame,
  open,
  operator,
  RawClient,
  REMOTE,
  TOKEN,
} from "./testing-client.ts";
