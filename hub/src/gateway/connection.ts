import type { Socket } from "node:net";
import { BarnacleError } from "@barnacle/protocol/errors";
import {
  CLOSE,
  ConnectParams,
  closeReason,
  type GatewayErrorBody,
  type HelloOk,
  negotiate,
  PROTOCOL_VERSIONS,
  type ProtocolVersion,
  RequestFrame,
  toGatewayError,
} from "@barnacle/protocol/gateway";
import type { Clock, Log } from "@barnacle/protocol/runtime";
import { validator } from "@barnacle/protocol/schema";
import type { WebSocket } from "ws";
import type { Origin } from "../http/index.ts";
import type { Counters } from "../services.ts";
import type { Listener } from "./broadcast.ts";
import { callerOf } from "./caller.ts";
import { mismatch, parsed, problemsText, textFrame, textOf } from "./frames.ts";
import type { Admission, AuthOutcome, Challenge } from "./handshake/index.ts";
import type { Caller, CallerPeer } from "./methods/method.ts";
import { Subscriptions } from "./subscriptions.ts";
import { MAX_UNREAD_BYTES, Unread } from "./unread.ts";
import { type WireVersion, wireVersion } from "./versions/index.ts";
import type { NodePeer } from "./ws-link.ts";

/** From the upgrade to `connect`. */
const HANDSHAKE_MS = 15_000;
/** Until a client is admitted it may send this much in all. */
export const HANDSHAKE_BYTES = 64 * 1024;
/** A peer that does not answer a close is cut off after this. */
const CLOSE_GRACE_MS = 1000;

const requestFrame = validator(RequestFrame);
const connectParams = validator(ConnectParams);

/** What a connection asks of its server. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  /** Decides; must not change anything but pairing. */
  admit(connection: Connection, params: ConnectParams, role: "operator" | "node"): Promise<AuthOutcome>;
  /** Takes an admitted client in and says what it is told. */
  welcome(connection: Connection): Promise<HelloOk>;
  /** After the hello went out. */
  ready(connection: Connection): void;
  /** Resolves with the payload; what it throws becomes the error. `accept` sends an answer before it. */
  request(connection: Connection, frame: RequestFrame, accept: (payload: unknown) => void): Promise<unknown>;
  errorOf(error: unknown): GatewayErrorBody;
  closed(connection: Connection, reason: string): void;
}

export interface ConnectionOptions {
  readonly ws: WebSocket;
  readonly socket: Socket;
  readonly connId: string;
  readonly nonce: string;
  readonly origin: Origin;
  readonly host: ConnectionHost;
}

const NO_CAPS: ReadonlySet<string> = new Set();

type Phase = "waiting" | "connecting" | "ready" | "closed";

/** One client's WebSocket, from challenge to close. Source: Moltbot gateway protocol 3, "lifecycle of a connection". */
export class Connection implements Listener, NodePeer, CallerPeer {
  readonly connId: string;
  readonly challenge: Challenge;
  readonly origin: Origin;
  readonly subscriptions = new Subscriptions();
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #queued: string[] = [];
  readonly #unread: Unread;
  #phase: Phase = "waiting";
  #admission: Admission | undefined;
  #params: ConnectParams | undefined;
  #version: WireVersion = wireVersion(PROTOCOL_VERSIONS[0]);
  #caps: ReadonlySet<string> = NO_CAPS;
  #caller: Caller | undefined;
  #seq = 0;
  #received = 0;
  #wasReady = false;
  /** A ping is out. */
  #unanswered = false;
  #cancelTimer: () => void = () => {};
  #reason = "";
  readonly #end = Promise.withResolvers<void>();

  constructor(options: ConnectionOptions) {
    this.connId = options.connId;
    this.challenge = { nonce: options.nonce, sentAt: options.host.clock.now() };
    this.origin = options.origin;
    this.#ws = options.ws;
    this.#socket = options.socket;
    this.#host = options.host;
    this.#unread = new Unread(options, (text) => this.#request(text));
  }

  start(): void {
    this.#ws.on("message", (data) => this.#receive(textOf(data)));
    this.#ws.on("error", (error) => {
      // The library closes by itself (1009 for a frame that is too large); the reason is for the log.
      this.#reason ||= error.message;
    });
    this.#ws.on("close", () => this.#ended());
    this.#socket.prependListener("data", this.#count);
    this.#cancelTimer = this.#host.clock.after(HANDSHAKE_MS, () => this.close(CLOSE.normal, ""));
    this.#ws.on("pong", () => {
      this.#unanswered = false;
    });
    this.sendEvent("connect.challenge", { nonce: this.challenge.nonce, ts: this.challenge.sentAt });
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /** Its hello went out, whatever came after. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Resolves when the socket is closed. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** How this client sees the protocol; settled by its `connect`. */
  get version(): WireVersion {
    return this.#version;
  }

  get protocol(): ProtocolVersion {
    return this.#version.protocol;
  }

  get caps(): ReadonlySet<string> {
    return this.#caps;
  }

  get role(): "operator" | "node" {
    return this.#admission?.role ?? "operator";
  }

  get scopes(): readonly string[] {
    return this.#admission?.scopes ?? [];
  }

  get deviceId(): string | undefined {
    return this.#admission?.device?.deviceId;
  }

  get params(): ConnectParams | undefined {
    return this.#params;
  }

  get admission(): Admission | undefined {
    return this.#admission;
  }

  get pathEnv(): string | undefined {
    return this.#params?.pathEnv;
  }

  get permissions(): Readonly<Record<string, boolean>> | undefined {
    return this.#params?.permissions;
  }

  get bufferedBytes(): number {
    return this.#ws.bufferedAmount;
  }

  /** Who calls, for the methods. */
  get caller(): Caller {
    if (this.#caller) return this.#caller;
    throw new BarnacleError("INTERNAL", "a connection has no caller before its hello");
  }

  nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  sendText(text: string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    if (this.bufferedBytes > MAX_UNREAD_BYTES) {
      this.#host.counters.add("gateway.slowConsumers");
      this.close(CLOSE.refused, "slow consumer");
      return;
    }
    // Beside the library, whose own frames are whole as well, on the socket that it counts what is unread of.
    this.#socket.write(textFrame(text));
    this.#unread.sent();
  }

  sendEvent(event: string, payload: unknown): void {
    this.sendText(JSON.stringify({ type: "event", event, payload }));
  }

  close(code: number, reason: string): void {
    if (this.#phase === "closed") return;
    this.#reason ||= reason;
    this.#ws.close(code, closeReason(reason));
    this.#unread.end();
    this.#cancelTimer();
    this.#cancelTimer = this.#host.clock.after(CLOSE_GRACE_MS, () => this.#ws.terminate());
  }

  terminate(): void {
    this.#ws.terminate();
  }

  /** Clients of protocol 4 are asked whether they still live; those of protocol 3 have only the tick. */
  ping(): void {
    if (this.#phase !== "ready" || this.protocol < 4 || this.#ws.readyState !== this.#ws.OPEN) return;
    // Counts from when it went out: a hub that was held up itself must not blame its clients.
    this.#ws.ping(undefined, undefined, () => {
      this.#unanswered = true;
    });
  }

  /** Cuts off a client that has not answered the last ping: its machine or its network is gone. */
  expectPong(): void {
    // The answer of one that is not listened to may have come.
    if (!this.#unanswered || this.#unread.held) return;
    this.#reason ||= "no answer to a ping";
    this.#ws.terminate();
  }

  /** Counts raw bytes until the client is admitted, so that a stranger cannot make the hub buffer a large frame. */
  readonly #count = (chunk: Buffer): void => {
    this.#received += chunk.length;
    if (this.#received <= HANDSHAKE_BYTES) return;
    this.#socket.off("data", this.#count);
    this.close(CLOSE.tooBig, "");
    if (this.#phase !== "closed") this.#ws.pause();
  };

  #receive(text: string): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    switch (this.#phase) {
      case "waiting":
        this.#first(text);
        break;
      case "connecting":
        this.#queued.push(text);
        break;
      case "ready":
        this.#unread.take(text);
        break;
      case "closed":
        break;
    }
  }

  #first(text: string): void {
    const message = parsed(text);
    if (message === undefined) {
      this.close(CLOSE.normal, "");
      return;
    }
    if (!requestFrame.check(message)) {
      this.close(CLOSE.refused, "invalid request frame");
      return;
    }
    const refuse = (text: string, code: number = CLOSE.refused, details?: Record<string, unknown>) => {
      const error = new BarnacleError("INPUT_INVALID", text, { details });
      this.#refuse(message.id, toGatewayError(error), code);
    };
    if (message.method !== "connect") {
      refuse("invalid handshake: first request must be connect");
      return;
    }
    if (!connectParams.check(message.params)) {
      refuse(`invalid connect params: ${problemsText(connectParams, message.params)}`);
      return;
    }
    const { params } = message;
    const protocol = negotiate(params.minProtocol, params.maxProtocol);
    if (protocol === undefined) {
      refuse("protocol mismatch", CLOSE.protocol, mismatch(params));
      return;
    }
    this.#version = wireVersion(protocol);
    const role = params.role ?? "operator";
    if (role !== "operator" && role !== "node") {
      refuse("invalid role");
      return;
    }
    this.#phase = "connecting";
    this.#connect(message.id, params, role).catch((error: unknown) => {
      this.#refuse(message.id, this.#host.errorOf(error), CLOSE.refused);
    });
  }

  async #connect(id: string, params: ConnectParams, role: "operator" | "node"): Promise<void> {
    const outcome = await this.#host.admit(this, params, role);
    if (this.#phase !== "connecting") return;
    if (!outcome.ok) {
      this.#refuse(id, outcome.error, CLOSE.refused);
      return;
    }
    this.#admission = outcome.admission;
    this.#params = params;
    if (params.caps && params.caps.length > 0) this.#caps = new Set(params.caps);
    this.#caller = callerOf(this, outcome.admission, params);
    const hello = this.#version.hello(await this.#host.welcome(this));
    if (this.#phase !== "connecting") return;
    this.#cancelTimer();
    this.#socket.off("data", this.#count);
    this.#phase = "ready";
    this.#wasReady = true;
    // The hello and what follows it leave in one write.
    this.#socket.cork();
    try {
      this.sendText(JSON.stringify({ type: "res", id, ok: true, payload: hello }));
      this.#host.ready(this);
    } finally {
      this.#socket.uncork();
    }
    for (const text of this.#queued.splice(0)) this.#request(text);
  }

  #request(text: string): void {
    const message = parsed(text);
    if (message === undefined) {
      this.#host.log.debug({ connId: this.connId }, "a message that is not JSON was ignored");
      return;
    }
    if (!requestFrame.check(message)) {
      const given = (message as { id?: unknown } | null)?.id;
      const id = typeof given === "string" && given !== "" ? given : "invalid";
      const text = `invalid request frame: ${problemsText(requestFrame, message)}`;
      this.#answer(id, toGatewayError(new BarnacleError("INPUT_INVALID", text)));
      return;
    }
    const { id } = message;
    const accept = (payload: unknown) => this.sendText(JSON.stringify({ type: "res", id, ok: true, payload }));
    this.#host
      .request(this, message, accept)
      .then(accept, (error: unknown) => this.#answer(id, this.#host.errorOf(error)));
  }

  #answer(id: string, error: GatewayErrorBody): void {
    this.sendText(JSON.stringify({ type: "res", id, ok: false, error: this.#version.error(error) }));
  }

  #refuse(id: string, error: GatewayErrorBody, code: number): void {
    const body = this.#version.error(error);
    this.#reason ||= body.message;
    this.#answer(id, error);
    this.close(code, this.#version.closeReason(body));
  }

  #ended(): void {
    this.#cancelTimer();
    this.#socket.off("data", this.#count);
    this.#unread.end();
    this.#phase = "closed";
    this.#queued.length = 0;
    this.#host.closed(this, this.#reason === "" ? "connection closed" : this.#reason);
    this.#end.resolve();
  }
}
