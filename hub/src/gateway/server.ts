import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { hostname, type as osName, release } from "node:os";
import type { Duplex } from "node:stream";
import { BarnacleError, messageOf } from "@barnacle/protocol/errors";
import { CLOSE, type ConnectParams, grants, type HelloOk, type RequestFrame } from "@barnacle/protocol/gateway";
import type { Clock, Log, Unit } from "@barnacle/protocol/runtime";
import { WebSocketServer } from "ws";
import { Gathered } from "../gathered.ts";
import { Origins, RateLimit, type Upgrades } from "../http/index.ts";
import type { Counters, Principal } from "../services.ts";
import { endEveryday } from "./announce/everyday.ts";
import { announce } from "./announce.ts";
import { Broadcast } from "./broadcast.ts";
import { Connection, type ConnectionHost } from "./connection.ts";
import { type AuthOutcome, GatewayAuth, helloOf, MAX_FRAME_BYTES, SharedSecrets, TICK_MS } from "./handshake/index.ts";
import { healthObject } from "./health.ts";
import { agentCaller, callerOf, LOCAL, LOCAL_PEER, localCaller } from "./local-caller.ts";
import type { LocalCalls } from "./local-door.ts";
import { METHODS } from "./methods/index.ts";
import { type Caller, type MethodContext, refusal } from "./methods/method.ts";
import { NodeSessions } from "./node-sessions.ts";
import { Presence } from "./presence.ts";
import type { GatewayServices } from "./services.ts";
import { wireErrorOf } from "./wire-error.ts";

/** After a ping; the next one is due at the next tick. */
const PONG_MS = 25_000;
const STOP_MS = 1000;
/** What clients are told a restart takes. */
const RESTART_MS = 1500;

export interface GatewayServerOptions extends GatewayServices {
  /** The shared operator token. */
  readonly token: string;
  /** Accepted besides the token when it is set. */
  readonly password?: string | undefined;
  /** Proxies whose word on a client's address is taken. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Where the hub keeps its state; administrators are told. */
  readonly stateDir?: string | undefined;
  /** Whether approving a node approves its commands; default: for protocol 3, whose operators know one approval only. */
  readonly nodeCommands?: "by-protocol" | "with-device" | "separate" | undefined;
  /** Open connections, admitted or not; default 6,000. */
  readonly maxConnections?: number | undefined;
  /** Of one connection, all of them at once if need be; default 60,000. */
  readonly requestsPerMinute?: number | undefined;
}

/** The Moltbot and OpenClaw gateway, protocols 3 and 4: takes WebSocket upgrades from the HTTP port and serves operators and native nodes. */
export class GatewayServer implements Unit, Upgrades, ConnectionHost, LocalCalls {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly #hub: GatewayServices;
  readonly #options: GatewayServerOptions;
  readonly #maxConnections: number;
  readonly #origins: Origins;
  readonly #auth: GatewayAuth;
  readonly #presence: Presence;
  readonly #nodes: NodeSessions;
  readonly #requests: RateLimit;
  readonly #connections = new Set<Connection>();
  readonly #broadcast: Broadcast;
  readonly #healthNews: Gathered;
  readonly #presenceNews: Gathered;
  #clients = 0;
  #sockets: WebSocketServer | undefined;
  #startedAt = 0;
  #healthVersion = 1;
  #bootId = "";
  #endTick: () => void = () => {};
  #endPing: () => void = () => {};

  constructor(options: GatewayServerOptions) {
    const { token, password, trustedProxies, maxConnections, requestsPerMinute = 60_000, ...rest } = options;
    const { nodeCommands = "by-protocol", ...hub } = rest;
    this.#hub = hub;
    this.#options = options;
    this.clock = hub.clock;
    this.log = hub.log;
    this.counters = hub.counters;
    this.#maxConnections = maxConnections ?? 6000;
    this.#origins = new Origins(trustedProxies);
    const secrets = new SharedSecrets(token, password);
    const withCommands = (protocol: number) =>
      nodeCommands === "with-device" || (nodeCommands === "by-protocol" && protocol === 3);
    const { devices, counters, clock } = hub;
    this.#auth = new GatewayAuth({ devices, secrets, clock, counters, withCommands });
    this.#presence = new Presence({
      clock: hub.clock,
      self: {
        ...{ host: hostname(), version: hub.version, platform: `${process.platform} ${release()}` },
        ...{ deviceFamily: osName(), modelIdentifier: process.arch },
      },
      told: () => this.#presenceNews.tell(),
    });
    this.#nodes = new NodeSessions({
      devices: hub.devices,
      link: hub.wsLink,
      offers: hub.nodes.offers,
      clock: hub.clock,
    });
    this.#requests = new RateLimit({ clock: hub.clock, perMinute: requestsPerMinute, burst: requestsPerMinute });
    this.#broadcast = new Broadcast({ listeners: () => this.#ready(), counters: hub.counters });
    const news = { clock: hub.clock, listeners: () => this.#clients };
    this.#healthNews = new Gathered({ ...news, send: () => this.#sendHealth() });
    // What is told grows with those who are there, not only with those who hear it.
    const crowd = () => Math.max(this.#clients, this.#presence.size);
    this.#presenceNews = new Gathered({ ...news, listeners: crowd, send: () => this.#sendPresence() });
  }

  /** Connections whose hello went out. */
  get clients(): number {
    return this.#clients;
  }

  async start(): Promise<void> {
    this.#startedAt = this.clock.monotonic();
    this.#bootId = this.#hub.random.uuid();
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      clientTracking: false,
    });
    this.#endTick = this.clock.every(TICK_MS, () => {
      this.#broadcast.send("tick", { ts: this.clock.now() });
      this.#ping();
    });
    announce({
      hub: this.#hub,
      broadcast: this.#broadcast,
      presence: this.#presence,
      owner: this,
      presenceChanged: () => this.#presenceNews.tell(),
    });
    this.#hub.devices.events.on("revoked", (revoked) => this.#revoked(revoked), this);
    this.#hub.devices.events.on(
      "removed",
      ({ deviceId }) => this.#revoked({ deviceId, reason: "device removed" }),
      this,
    );
  }

  /** Whether an operator is connected who may approve what `asker` wants; nobody says yes to themselves. */
  canApprove(asker: Principal, selfApprove: boolean): boolean {
    for (const { caller } of this.#ready()) {
      const { principal, role, scopes } = caller;
      if (role !== "operator" || !grants(scopes, "approvals")) continue;
      if (selfApprove || principal.kind !== asker.kind || principal.id !== asker.id) return true;
    }
    return false;
  }

  /** Tells everyone, closes with 1012, and cuts off who does not answer within a second. */
  async stop(): Promise<void> {
    this.#endTick();
    this.#endPing();
    this.#healthNews.stop();
    this.#presenceNews.stop();
    const { approvals, configFile, devices, lifecycle, nodes, owner, questions, runs, sessions, voice } = this.#hub;
    const parts = [approvals, configFile, devices, nodes.offers, owner, questions, runs, sessions, voice];
    for (const part of parts) part.events.dropOwner(this);
    endEveryday(this.#hub, this);
    const sockets = this.#sockets;
    if (!sockets) return;
    this.#sockets = undefined;
    this.#broadcast.send(
      "shutdown",
      lifecycle.restarting
        ? { reason: "gateway restarting", restartExpectedMs: RESTART_MS }
        : { reason: "gateway stopping" },
    );
    const open = [...this.#connections];
    for (const connection of open) connection.close(CLOSE.restart, "service restart");
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.clock.after(STOP_MS, resolve);
    await Promise.race([late, Promise.all(open.map((connection) => connection.ended))]);
    cancel();
    for (const connection of [...this.#connections]) connection.terminate();
    await Promise.all(open.map((connection) => connection.ended));
    sockets.close();
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const sockets = this.#sockets;
    if (!sockets || this.#connections.size >= this.#maxConnections) {
      this.#hub.counters.add("gateway.refused.full");
      socket.end("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    // The answer to the upgrade and the challenge leave in one write.
    socket.cork();
    sockets.handleUpgrade(request, socket, head, (ws) => {
      const { random } = this.#hub;
      const connection = new Connection({
        ws,
        socket: request.socket as Socket,
        connId: random.uuid(),
        nonce: random.uuid(),
        origin: this.#origins.of(request),
        host: this,
      });
      this.#connections.add(connection);
      connection.start();
      socket.uncork();
    });
  }

  admit(connection: Connection, params: ConnectParams, role: "operator" | "node"): Promise<AuthOutcome> {
    const { challenge, origin, protocol } = connection;
    return this.#auth.decide({ params, role, protocol, challenge, ...origin });
  }

  async welcome(connection: Connection): Promise<HelloOk> {
    if (connection.role === "node") await this.#nodes.declare(connection);
    const { stateDir, configFile } = this.#options;
    const hello = helloOf(connection, {
      ...{ version: this.#hub.version, bootId: this.#bootId, host: hostname(), stateDir, configFile: configFile.path },
      presence: this.#presence.list(),
      health: healthObject(this.#hub),
      stateVersion: this.#stateVersion(),
      uptimeMs: this.#uptimeMs(),
      defaultAgentId: this.#hub.agents.default.id,
    });
    this.#hub.counters.add(`gateway.connects.${connection.role}`);
    return hello;
  }

  ready(connection: Connection): void {
    this.#clients += 1;
    if (connection.role === "node") this.#keep(connection, this.#nodes.join(connection));
    const facts = presenceFacts(connection);
    if (facts) this.#presence.join(presenceKey(connection), facts);
    this.#healthVersion++;
    // The new one hears it in any case: clients wait for it after their hello.
    if (!this.#healthNews.tell()) this.#sendHealth(connection);
    if (connection.role === "node") {
      connection.sendEvent("voicewake.changed", { triggers: this.#hub.wakeWords.get() });
      connection.sendEvent("voicewake.routing.changed", { config: this.#hub.wakeRouting.get() });
    }
  }

  async request(connection: Connection, frame: RequestFrame, accept: (payload: unknown) => void): Promise<unknown> {
    if (frame.method === "connect") {
      throw new BarnacleError("INPUT_INVALID", "connect is only valid as the first request");
    }
    const { caller, version } = connection;
    const found = METHODS.get(frame.method);
    // Judged is what will be carried out, not how an older client writes it.
    const params = found ? version.params(frame.method, frame.params) : undefined;
    const refused = refusal(found, frame.method, caller, params);
    if (refused || !found) throw refused ?? new BarnacleError("METHOD_UNKNOWN", `unknown method: ${frame.method}`);
    const wait = this.#requests.take(connection.connId);
    if (wait > 0) {
      throw new BarnacleError("RATE_LIMITED", `too many requests; try again in ${wait} ms`, {
        details: { retryAfterMs: wait },
      });
    }
    const context: MethodContext = {
      hub: this.#hub,
      caller,
      peer: connection,
      presence: this.#presence,
      broadcast: this.#broadcast,
      uptimeMs: () => this.#uptimeMs(),
      connections: () => this.clients,
      accept,
    };
    return version.result(frame.method, await found.call(params, context), params);
  }

  /** For commands on this machine: work only, as the operator whose token lies beside the socket, or as a worker by its own. */
  async local(name: string, params: unknown, agent?: string): Promise<unknown> {
    const caller =
      agent === undefined ? localCaller() : agentCaller((await this.#hub.town.open()).workers.holder(agent));
    return this.#without(caller, name, params);
  }

  /** For who has no connection: work only, with the scopes that he was found to have. */
  as(principal: Principal, name: string, params: unknown): Promise<unknown> {
    return this.#without(callerOf(principal), name, params);
  }

  async #without(caller: Caller, name: string, params: unknown): Promise<unknown> {
    const found = LOCAL.test(name) ? METHODS.get(name) : undefined;
    const refused = refusal(found, name, caller, params);
    if (refused || !found) throw refused ?? new BarnacleError("METHOD_UNKNOWN", `unknown method: ${name}`);
    return found.call(params, {
      ...{ hub: this.#hub, caller, presence: this.#presence, broadcast: this.#broadcast },
      peer: LOCAL_PEER,
      uptimeMs: () => this.#uptimeMs(),
      connections: () => this.clients,
      accept() {},
    });
  }

  errorOf(error: unknown) {
    const shape = wireErrorOf(error);
    if (!(error instanceof BarnacleError)) {
      this.log.error({ problem: messageOf(error), cause: error }, "a gateway method failed");
    }
    return shape;
  }

  closed(connection: Connection, reason: string): void {
    this.#connections.delete(connection);
    this.#hub.talk.drop(connection.connId);
    if (!connection.admission) {
      this.#hub.counters.add("gateway.refused.connect");
      this.log.info(
        { connId: connection.connId, remoteIp: connection.origin.remoteIp, reason },
        "a gateway client was not admitted",
      );
      return;
    }
    if (connection.role === "node") {
      this.#keep(connection, this.#nodes.leave(connection, reason));
    }
    if (!connection.wasReady) return;
    this.#clients -= 1;
    if (presenceFacts(connection) && this.#presence.leave(presenceKey(connection))) this.#presenceNews.tell();
  }

  /** One timer for all, since there may be thousands. */
  #ping(): void {
    for (const connection of this.#connections) connection.ping();
    this.#endPing = this.clock.after(PONG_MS, () => {
      for (const connection of [...this.#connections]) connection.expectPong();
    });
  }

  #revoked({ deviceId, role, reason }: { deviceId: string; role?: string; reason: string }): void {
    for (const connection of this.#connections) {
      if (connection.deviceId !== deviceId || (role !== undefined && connection.role !== role)) continue;
      // After the answer to the very request that caused it, which may have come over this connection.
      setImmediate(() => connection.close(CLOSE.refused, reason));
    }
  }

  #keep({ deviceId }: Connection, presence: Promise<void>): void {
    presence.catch((error: unknown) => {
      this.log.error({ deviceId, problem: messageOf(error) }, "presence was not stored");
    });
  }

  #sendHealth(only?: Connection): void {
    const stateVersion = this.#stateVersion();
    const options = only === undefined ? { stateVersion } : { stateVersion, only: (one: unknown) => one === only };
    this.#broadcast.send("health", healthObject(this.#hub), options);
  }

  #sendPresence(): void {
    if (this.#clients === 0) return;
    this.#broadcast.send("presence", { presence: this.#presence.list() }, { stateVersion: this.#stateVersion() });
  }

  *#ready(): Generator<Connection> {
    for (const connection of this.#connections) if (connection.isReady) yield connection;
  }

  #stateVersion() {
    return { presence: this.#presence.version, health: this.#healthVersion };
  }

  #uptimeMs(): number {
    return Math.round(this.clock.monotonic() - this.#startedAt);
  }
}

function presenceKey({ deviceId, params, connId }: Connection): string {
  return deviceId ?? params?.client.instanceId ?? connId;
}

/** One-shot command lines come and go too often to be shown. */
function presenceFacts(connection: Connection) {
  const client = connection.params?.client;
  if (!client || client.mode === "cli") return undefined;
  return {
    host: connection.admission?.device?.displayName ?? client.displayName ?? client.id,
    ip: connection.origin.local ? undefined : connection.origin.remoteIp,
    version: client.version,
    platform: client.platform,
    deviceFamily: client.deviceFamily,
    modelIdentifier: client.modelIdentifier,
    mode: client.mode,
    deviceId: connection.deviceId,
    roles: [connection.role],
    scopes: connection.scopes,
    instanceId: client.instanceId,
  };
}
