import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../errors/index.ts";
import { NodeInvokeRequest } from "../gateway/index.ts";
import type { DeviceIdentity } from "../identity/index.ts";
import { type Clock, Events, type Log, type Unit } from "../runtime/index.ts";
import { type CommandRequest, type CommandResult, type JsonObject, validator } from "../schema/index.ts";
import type { MakeClient } from "./client.ts";
import { type About, type ConnectionState, GatewayConnection, type Offer } from "./connection.ts";
import { Conversation, type Mouth, type Told } from "./conversation.ts";
import { answerOf, commandOf, refusalAnswer } from "./invoke.ts";
import { surfaceRequest } from "./refusal.ts";
import { type UplinkStatus, writeStatus } from "./status.ts";
import { TokenFile } from "./tokens.ts";

export interface UplinkOptions {
  readonly url: string;
  /** Folder for the gateway's tokens and the uplink's state. */
  readonly directory: string;
  readonly identity: DeviceIdentity;
  readonly secret: { readonly token?: string; readonly password?: string; readonly bootstrapToken?: string };
  readonly tlsFingerprint?: string | undefined;
  readonly about: About;
  readonly offer: () => Offer;
  /** Conversation that this node's questions belong to. */
  readonly sessionKey: string;
  /** How questions are put: as `voice.transcript`, or as `agent.request` without thinking, for models that cannot think. */
  readonly askAs: "transcript" | "request";
  /** Keep the second session, an operator's, that shows Talk's phases in the apps. */
  readonly talk: boolean;
  /** Executes at most once per idempotency key. Never rejects. */
  readonly execute: (request: CommandRequest) => Promise<CommandResult>;
  readonly mouth: Mouth;
  readonly patienceMs: number;
  /** The gateway's wake words. @returns those that the engine does not have */
  readonly wakeWords: (words: readonly string[]) => Promise<readonly string[]>;
  /** Load and room of this machine; undefined when it cannot be told. */
  readonly hostStats?: () => Promise<JsonObject | undefined>;
  readonly clock: Clock;
  readonly log: Log;
  readonly make?: MakeClient;
}

const SURFACE_AGAIN_MS = 5000;
const STATS_MS = 60_000;
const SETTLED_MS = 10_000;
const invokeRequest = validator(NodeInvokeRequest);

/** One node of this house as a node of somebody's gateway: OpenClaw of today, or Moltbot of January. */
export class Uplink implements Unit {
  readonly events = new Events<{ status: UplinkStatus }>();
  readonly conversation: Conversation;
  readonly #options: UplinkOptions;
  readonly #node: GatewayConnection;
  /** By session. */
  readonly #conversations = new Map<string, Conversation>();
  /** Sessions that the gateway of this connection sends the events of. */
  readonly #followed = new Set<string>();
  #operator: GatewayConnection | undefined;
  #cancel: (() => void)[] = [];
  #cancelChange = (): void => {};
  /** What the gateway was last told that this end can do. */
  #offered = "";
  #status: UplinkStatus;

  constructor(options: UplinkOptions) {
    this.#options = options;
    const { url, directory, identity, clock, log } = options;
    this.#status = { gateway: url, name: options.about.displayName, deviceId: identity.deviceId, state: "off", at: 0 };
    this.#node = new GatewayConnection({
      ...options,
      tokens: new TokenFile(directory, url),
      role: "node",
      scopes: [],
      offer: () => {
        const offer = options.offer();
        this.#offered = JSON.stringify(offer);
        return offer;
      },
    });
    this.conversation = new Conversation({
      ...options,
      clock,
      log,
      ask: (text, questionId) => this.#ask(options.sessionKey, text, questionId),
    });
    this.#conversations.set(options.sessionKey, this.conversation);
  }

  get status(): UplinkStatus {
    return this.#status;
  }

  get connected(): boolean {
    return this.#node.protocol !== undefined;
  }

  async start(): Promise<void> {
    this.#node.events.on("state", (state) => this.#changed(state), this);
    this.#node.events.on("event", ({ event, payload }) => this.#heard(event, payload), this);
    this.#cancel.push(this.#options.clock.every(STATS_MS, () => this.#sendStats()));
    await this.#node.start();
  }

  async stop(): Promise<void> {
    for (const cancel of [this.#cancelChange, ...this.#cancel.splice(0)]) cancel();
    for (const conversation of this.#conversations.values()) conversation.stop();
    await Promise.all([this.#node.stop(), this.#operator?.stop()]);
    this.#node.events.dropOwner(this);
    this.#operator?.events.dropOwner(this);
    this.#operator = undefined;
  }

  /** Puts what was said to the gateway's agent and speaks the answer as it comes. */
  async converse(text: string, questionId: string): Promise<Told> {
    this.#phase("thinking");
    const told = await this.conversation.ask(text, questionId);
    this.#phase("idle");
    return told;
  }

  /** The conversation of another session, whose answers are read and not spoken. */
  conversationIn(sessionKey: string): Conversation {
    const known = this.#conversations.get(sessionKey);
    if (known) return known;
    const conversation = new Conversation({
      ...this.#options,
      sessionKey,
      ask: (text, questionId) => this.#ask(sessionKey, text, questionId),
    });
    this.#conversations.set(sessionKey, conversation);
    return conversation;
  }

  /**
   * What this end can do may have changed. A gateway learns of it by a new connection, so it is told once things have settled: a
   * microphone that is gone for a moment is no news.
   */
  offerChanged(): void {
    this.#cancelChange();
    this.#cancelChange = this.#options.clock.after(SETTLED_MS, () => {
      if (JSON.stringify(this.#options.offer()) !== this.#offered) this.#node.renew();
    });
  }

  /** Shows people's apps where Talk stands; nothing depends on it. */
  #phase(phase: string): void {
    if (this.#operator?.protocol === undefined) return;
    this.#operator
      .request("talk.mode", { enabled: true, phase })
      .catch((error: unknown) => this.#options.log.debug({ reason: messageOf(error) }, "talk.mode was not taken"));
  }

  async #ask(sessionKey: string, text: string, questionId: string): Promise<void> {
    // Whoever asks before the gateway knows that he listens would never hear the answer.
    if (!this.#followed.has(sessionKey)) await this.#follow(sessionKey);
    const { askAs } = this.#options;
    const content =
      askAs === "transcript"
        ? { event: "voice.transcript", payload: { text, sessionKey, eventId: questionId } }
        : {
            event: "agent.request",
            payload: { message: text, sessionKey, thinking: "off", deliver: false, key: questionId },
          };
    await this.#tell(content.event, content.payload);
  }

  /** As JSON text, which every gateway reads. */
  #tell(event: string, payload: JsonObject): Promise<unknown> {
    return this.#node.request("node.event", { event, payloadJSON: JSON.stringify(payload) });
  }

  #heard(event: string, payload: unknown): void {
    if (event === "node.invoke.request") void this.#invoked(payload);
    else if (event === "voicewake.changed") void this.#wakeWords(payload);
    else for (const conversation of this.#conversations.values()) conversation.hear(event, payload);
  }

  async #invoked(payload: unknown): Promise<void> {
    const { url, execute, log } = this.#options;
    if (!invokeRequest.check(payload)) {
      log.warn({ gateway: url }, "an order of the gateway is not of the shape that the protocol has");
      return;
    }
    const command = commandOf(url, payload);
    const answer =
      typeof command === "string"
        ? refusalAnswer(payload, "INVALID_REQUEST", command)
        : answerOf(payload, await execute(command));
    await this.#node.request("node.invoke.result", answer).catch((error: unknown) => {
      // The gateway may ask again under the same key: then it gets this same result.
      log.warn({ command: payload.command, reason: messageOf(error) }, "a result did not reach the gateway");
    });
  }

  async #wakeWords(payload: unknown): Promise<void> {
    const { triggers } = (payload ?? {}) as { triggers?: unknown };
    if (!Array.isArray(triggers)) return;
    const words = triggers.filter((word): word is string => typeof word === "string");
    try {
      const unknown = await this.#options.wakeWords(words);
      this.#report({ unknownWakeWords: unknown.length > 0 ? [...unknown] : undefined });
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, "the gateway's wake words could not be used");
    }
  }

  #changed(state: ConnectionState): void {
    this.#followed.clear();
    const gate = state.state === "pending" ? { command: state.command, ...requestOf(state) } : undefined;
    this.#report({
      state: state.state,
      protocol: state.state === "online" ? state.protocol : undefined,
      reason: state.state === "waiting" ? state.reason : undefined,
      device: gate,
    });
    if (state.state === "online") void this.#joined(state.protocol);
  }

  async #joined(protocol: 3 | 4): Promise<void> {
    const { url, log, talk } = this.#options;
    log.info({ gateway: url, protocol }, "joined the gateway");
    if (talk) await this.#joinAsOperator(protocol);
    if (protocol === 4) await this.#checkSurface();
    else await this.#admitted();
  }

  /** Both gates are passed: from here on the gateway takes what this node says. */
  async #admitted(): Promise<void> {
    this.#report({ surface: undefined });
    this.#sendStats();
    for (const sessionKey of this.#conversations.keys()) {
      if (!this.#followed.has(sessionKey)) await this.#follow(sessionKey);
    }
  }

  async #follow(sessionKey: string): Promise<void> {
    try {
      await this.#tell("chat.subscribe", { sessionKey });
      this.#followed.add(sessionKey);
    } catch (error) {
      const reason = messageOf(error);
      this.#options.log.warn({ sessionKey, reason }, "the gateway does not let this node follow its conversation");
    }
  }

  /** Today's gateways admit a node and its commands apart; this call tells whether the second is done. */
  async #checkSurface(): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#node.request("node.runnerInventory.update", { protocolFeatures: [] });
      await this.#admitted();
    } catch (error) {
      const gate = surfaceRequest(error);
      if (!gate) return this.#admitted();
      if (this.#status.surface?.command !== gate.command) {
        log.warn(gate, `this node's commands wait to be approved at the gateway; there run: ${gate.command}`);
      }
      this.#report({ surface: { ...gate } });
      this.#cancel.push(clock.after(SURFACE_AGAIN_MS, () => void (this.connected && this.#checkSurface())));
    }
  }

  async #joinAsOperator(protocol: 3 | 4): Promise<void> {
    if (this.#operator) return;
    const { directory, url } = this.#options;
    this.#operator = new GatewayConnection({
      ...this.#options,
      tokens: new TokenFile(directory, url),
      role: "operator",
      scopes: protocol === 3 ? ["operator.read", "operator.write"] : ["operator.read", "operator.talk"],
      offer: () => ({ caps: [], commands: [] }),
      protocol,
    });
    this.#operator.events.on(
      "state",
      (state) =>
        this.#report({
          talk: state.state,
          operator: state.state === "pending" ? { command: state.command, ...requestOf(state) } : undefined,
        }),
      this,
    );
    await this.#operator.start();
  }

  #sendStats(): void {
    if (this.#node.protocol !== 4) return;
    const send = async (): Promise<void> => {
      const stats = await this.#options.hostStats?.();
      if (stats) await this.#tell("node.host.stats", stats);
    };
    send().catch((error: unknown) => this.#options.log.debug({ reason: messageOf(error) }, "host stats not sent"));
  }

  #report(patch: Partial<{ [K in keyof UplinkStatus]: UplinkStatus[K] | undefined }>): void {
    const at = Math.floor(this.#options.clock.now());
    const all = Object.entries({ ...this.#status, ...patch }).filter(([, value]) => value !== undefined);
    const next = Object.fromEntries(all) as UplinkStatus;
    if (isDeepStrictEqual(next, this.#status)) return;
    this.#status = { ...next, at };
    try {
      writeStatus(this.#options.directory, this.#status);
    } catch (error) {
      this.#options.log.debug({ reason: messageOf(error) }, "the uplink's state could not be written down");
    }
    this.events.emit("status", this.#status);
  }
}

function requestOf({ requestId }: { readonly requestId?: string }): { requestId?: string } {
  return requestId === undefined ? {} : { requestId };
}
