import { type DeviceIdentity, deviceAuthPayload, generateIdentity, signText } from "@barnacle/protocol/identity";
import { Events, type FakeClock, seededRandom, silentLog, stopAll } from "@barnacle/protocol/runtime";
import { type RawData, WebSocket } from "ws";
import { Agents, HomeTools, Models, Toolbox } from "../agent/index.ts";
import { FakeRuns } from "../agent/testing.ts";
import type { BrokerEvents } from "../broker/broker.ts";
import { type Everyday, testEveryday } from "../compose/everyday.testing.ts";
import { fleetParts } from "../compose/fleet.ts";
import { testRecords } from "../compose/records.testing.ts";
import { MemoryCounters } from "../counters.ts";
import { type TestRegistry, testRegistry } from "../devices/testing.ts";
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
import { StoredWakeWords } from "../wakewords/index.ts";
import { GatewayServer, type GatewayServerOptions } from "./server.ts";
import { WsLink } from "./ws-link.ts";

export const TOKEN = "a-token-of-the-test-hub";

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

export interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly event?: string;
  readonly ok?: boolean;
  readonly seq?: number;
  readonly stateVersion?: { presence: number; health: number };
  readonly payload?: never;
  readonly error?: { code: string; message: string; details?: Record<string, never>; retryable?: boolean };
}

/** A client that says exactly what a test wants, in the order it wants. */
export class RawClient {
  readonly ws: WebSocket;
  readonly frames: Frame[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #waiting: { test: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = [];
  readonly #clock: FakeClock;
  #next = 1;
  #taken = 0;

  constructor(url: string, clock: FakeClock, headers: Record<string, string> = {}) {
    this.#clock = clock;
    this.ws = new WebSocket(url, { perMessageDeflate: false, headers });
    this.ws.on("message", (data) => this.#take(JSON.parse(textOf(data)) as Frame));
    this.ws.on("error", () => {
      // A refused or broken connection shows in `closed`.
    });
    this.closed = new Promise((resolve) => {
      this.ws.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  /** The first frame from `from` on that passes, whether it is here already or comes later. */
  find(test: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    const here = this.frames.slice(from).find(test);
    if (here) return Promise.resolve(here);
    return new Promise((resolve) => this.#waiting.push({ test, resolve }));
  }

  event(name: string, from = 0): Promise<Frame> {
    return this.find((frame) => frame.event === name, from);
  }

  /** The next event of this name that was not returned before. */
  async nextEvent(name: string): Promise<Frame> {
    const frame = await this.event(name, this.#taken);
    this.#taken = this.frames.indexOf(frame) + 1;
    return frame;
  }

  async nonce(): Promise<string> {
    const frame = await this.event("connect.challenge");
    return (frame.payload as unknown as { nonce: string }).nonce;
  }

  sendRaw(text: string | Buffer): void {
    this.ws.send(text);
  }

  async request(method: string, params?: unknown): Promise<Frame> {
    const id = `r${this.#next++}`;
    this.ws.send(JSON.stringify({ type: "req", id, method, ...(params === undefined ? {} : { params }) }));
    return this.find((frame) => frame.type === "res" && frame.id === id);
  }

  /** Payload of an answer that must be a success. */
  async call<T = Record<string, unknown>>(method: string, params?: unknown): Promise<T> {
    const frame = await this.request(method, params);
    if (!frame.ok) throw new TypeError(`${method}: ${frame.error?.code} ${frame.error?.message}`);
    return frame.payload as T;
  }

  async connect(options: ConnectOptions = {}): Promise<Frame> {
    return this.request("connect", connectParams(await this.nonce(), this.#clock.now(), options));
  }

  close(): Promise<unknown> {
    this.ws.close(1000);
    return this.closed;
  }

  #take(frame: Frame): void {
    this.frames.push(frame);
    for (const waiting of [...this.#waiting]) {
      if (!waiting.test(frame)) continue;
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.resolve(frame);
    }
  }
}

export interface ConnectOptions {
  readonly identity?: DeviceIdentity;
  readonly token?: string | undefined;
  readonly role?: string;
  readonly scopes?: readonly string[] | undefined;
  readonly signedAt?: number;
  /** `null` signs payload v1. */
  readonly nonce?: string | null;
  /** Default: v1 without a nonce, v2 with one. */
  readonly signature?: 1 | 2 | 3;
  /** Replaces `{token}`; the first of its tokens is signed. */
  readonly auth?: Record<string, string>;
  readonly device?: Record<string, unknown>;
  readonly client?: Record<string, unknown>;
  readonly params?: Record<string, unknown>;
}

export function connectParams(challenge: string, nowMs: number, options: ConnectOptions): Record<string, unknown> {
  const { identity, role = "operator", signedAt = nowMs } = options;
  const token = "token" in options ? options.token : TOKEN;
  const auth: Record<string, string> | undefined = options.auth ?? (token === undefined ? undefined : { token });
  const client = { id: "test", version: "1", platform: "linux", mode: "test", ...options.client } as Record<
    "id" | "version" | "platform" | "mode",
    string
  > & { deviceFamily?: string };
  const nonce = options.nonce === undefined ? challenge : (options.nonce ?? undefined);
  const signed = identity && {
    id: identity.deviceId,
    publicKey: identity.publicKey,
    signedAt,
    ...(nonce === undefined ? {} : { nonce }),
    signature: signText(
      identity,
      deviceAuthPayload(
        {
          deviceId: identity.deviceId,
          clientId: String(client.id),
          clientMode: String(client.mode),
          role,
          scopes: options.scopes ?? [],
          signedAtMs: signedAt,
          token: auth?.token ?? auth?.deviceToken ?? auth?.bootstrapToken,
          nonce,
          platform: String(client.platform),
          deviceFamily: client.deviceFamily,
        },
        options.signature,
      ),
    ),
    ...options.device,
  };
  return {
    minProtocol: 3,
    maxProtocol: 3,
    client,
    role,
    ...(options.scopes === undefined ? {} : { scopes: options.scopes }),
    ...(auth === undefined ? {} : { auth }),
    ...(signed === undefined ? {} : { device: signed }),
    ...options.params,
  };
}

/** Headers that make a loopback connection count as a remote one. */
export const REMOTE = { host: "hub.example:18789" };

export function open(t: Teardown, hub: { url: string; clock: FakeClock }, headers = {}): RawClient {
  const client = new RawClient(hub.url, hub.clock, headers);
  t.teardown(() => client.ws.terminate());
  return client;
}

/** An admitted operator with all scopes. */
export async function operator(
  t: Teardown,
  hub: { url: string; clock: FakeClock },
  options: ConnectOptions = {},
): Promise<RawClient> {
  const client = open(t, hub);
  const answer = await client.connect({ identity: generateIdentity(), ...options });
  if (!answer.ok) throw new TypeError(`not admitted: ${answer.error?.message}`);
  return client;
}

function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString("utf8") : String(data);
}
