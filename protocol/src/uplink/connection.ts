import type { GatewayClientOptions } from "@openclaw/gateway-client";
import { BarnacleError, messageOf } from "../errors/index.ts";
import { fromGatewayError } from "../gateway/index.ts";
import { type DeviceIdentity, signText } from "../identity/index.ts";
import { type Clock, Events, type Log, sleep, type Unit } from "../runtime/index.ts";
import { type Client, loadClient, type MakeClient, signing } from "./client.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import type { TokenFile } from "./tokens.ts";

/** How this end introduces itself. */
export interface About {
  readonly displayName: string;
  readonly version: string;
  readonly platform: string;
  readonly deviceFamily: string;
}

export interface Offer {
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly permissions?: Readonly<Record<string, boolean>>;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly identity: DeviceIdentity;
  readonly tokens: TokenFile;
  /** For the first time, and again when what the gateway gave is no longer good. */
  readonly secret: { readonly token?: string; readonly password?: string; readonly bootstrapToken?: string };
  readonly role: "node" | "operator";
  readonly scopes: readonly string[];
  readonly about: About;
  readonly offer: () => Offer;
  readonly tlsFingerprint?: string | undefined;
  /** Known from another connection to the same gateway; operators of January must say it. */
  readonly protocol?: 3 | 4 | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly make?: MakeClient;
}

export type ConnectionState =
  | { readonly state: "off" | "connecting" }
  | { readonly state: "online"; readonly protocol: 3 | 4 }
  /** Somebody must approve this device. */
  | { readonly state: "pending"; readonly requestId?: string; readonly command: string }
  | { readonly state: "waiting"; readonly reason: string };

export interface ConnectionEvents {
  state: ConnectionState;
  /** Anything the gateway sends unasked. */
  event: { readonly event: string; readonly payload: unknown };
}

/** Why a client is over: it was refused for good, or is to be replaced. */
type Ending = Refusal | { readonly kind: "renew" };

/** While a person decides; a request lives five minutes after it was last made. */
const ASK_AGAIN_MS = 5000;
/** A wrong secret gets better only by somebody's hand. */
const SECRET_MS = 30_000;
const REQUEST_MS = 15_000;

/**
 * One connection to somebody's gateway, kept up for ever: OpenClaw's own client connects, signs and comes back after losses;
 * this waits for approvals where that one gives up, falls back from a spent token to the configured secret, and tells.
 */
export class GatewayConnection implements Unit {
  readonly events = new Events<ConnectionEvents>();
  readonly #options: ConnectionOptions;
  #state: ConnectionState = { state: "off" };
  #client: Client | undefined;
  #abort: AbortController | undefined;
  #running: Promise<void> = Promise.resolve();
  #retry: ((why: Ending) => void) | undefined;
  /** What was last told of a refusal, so that it is told once. */
  #said = "";
  /** The last signature was in January's form. */
  #signedOlder = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get protocol(): 3 | 4 | undefined {
    return this.#state.state === "online" ? this.#state.protocol : undefined;
  }

  /** Resolves at once; the connection comes and goes by itself from then on. */
  async start(): Promise<void> {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#running = this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    await this.#running;
    this.#abort = undefined;
    this.#tell({ state: "off" });
  }

  /** @throws HUB_UNREACHABLE when not connected, TIMEOUT, and what the gateway answers */
  async request<T = Record<string, unknown>>(method: string, params: unknown): Promise<T> {
    if (!this.#client || this.#state.state !== "online") {
      throw new BarnacleError("HUB_UNREACHABLE", `the gateway ${this.#options.url} is not connected`);
    }
    try {
      return await this.#client.request<T>(method, params, { timeoutMs: REQUEST_MS });
    } catch (error) {
      throw failureOf(error, method);
    }
  }

  /** Connects anew, because what this end offers changed. */
  renew(): void {
    this.#retry?.({ kind: "renew" });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const make = this.#options.make ?? (await loadClient());
    const { tokens, role, clock } = this.#options;
    while (!signal.aborted) {
      const stored = tokens.get(role);
      if (this.#state.state !== "pending") this.#tell({ state: "connecting" });
      const why = await this.#life(make, stored, signal);
      if (why === undefined) return;
      const spent = why.kind === "secret" && stored !== undefined;
      if (spent) tokens.clear(role);
      const pause = spent || why.kind === "renew" ? 0 : why.kind === "pairing" ? ASK_AGAIN_MS : SECRET_MS;
      if (pause > 0) await Promise.race([sleep(clock, pause), aborted(signal)]);
    }
  }

  /** One client, until it gives up or must be replaced. @returns why; undefined when this end stops */
  async #life(
    make: MakeClient,
    stored: ReturnType<TokenFile["get"]>,
    signal: AbortSignal,
  ): Promise<Ending | undefined> {
    const { promise: over, resolve } = Promise.withResolvers<Ending>();
    this.#retry = resolve;
    let last: Refusal = { kind: "other", message: "the connection was given up" };
    const client = make({
      ...this.#clientOptions(stored),
      onHelloOk: (hello) => {
        const { protocol } = hello as { protocol: number };
        this.#said = "";
        this.#tell({ state: "online", protocol: protocol === 3 ? 3 : 4 });
      },
      onConnectError: (error) => {
        last = refusalOf(error);
        this.#refused(last);
        // A gateway of January says so only in words, at which the client goes on trying the same token for ever.
        if (last.kind === "secret" && stored !== undefined) resolve(last);
      },
      onReconnectPaused: () => resolve(last),
      onClose: (code, reason) => {
        if (this.#state.state === "online") this.#tell({ state: "waiting", reason: `closed ${code} ${reason}`.trim() });
      },
      onEvent: ({ event, payload }) => this.events.emit("event", { event, payload }),
    });
    this.#client = client;
    try {
      client.start();
      return await Promise.race([over, aborted(signal).then(() => undefined)]);
    } catch (error) {
      this.#options.log.error({ reason: messageOf(error) }, "the connection to the gateway cannot be made");
      return { kind: "protocol", message: messageOf(error) };
    } finally {
      this.#client = undefined;
      await client.stopAndWait().catch(() => undefined);
    }
  }

  #clientOptions(stored: ReturnType<TokenFile["get"]>): GatewayClientOptions {
    const { url, identity, tokens, secret, role, scopes, about, offer, tlsFingerprint, protocol, log } = this.#options;
    const signer = signing(identity, protocol);
    const { caps, commands, permissions } = offer();
    const january = stored?.protocol === 3;
    return {
      url,
      role,
      scopes: [...scopes],
      clientName: role === "node" ? "node-host" : "gateway-client",
      mode: role === "node" ? "node" : "backend",
      clientDisplayName: about.displayName,
      clientVersion: about.version,
      platform: about.platform,
      deviceFamily: about.deviceFamily,
      caps: [...caps],
      ...(role === "node" ? { commands: [...commands] } : {}),
      ...(permissions === undefined ? {} : { permissions: { ...permissions } }),
      ...(protocol === 3 ? { minProtocol: 3, maxProtocol: 3 } : {}),
      ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }),
      // January's gateways know no member of its own for a device's token; it stands where the shared one does.
      ...(january ? { token: stored.token } : stored ? {} : secretOptions(secret)),
      deviceIdentity: signer.deviceIdentity,
      hostDeps: {
        publicKeyRawBase64UrlFromPem: () => identity.publicKey,
        signDevicePayload: (_key, text) => {
          const wanted = signer.textFor(text);
          this.#signedOlder = wanted !== text;
          return signText(identity, wanted);
        },
        loadDeviceAuthToken: () => (stored && !january ? { token: stored.token, scopes: [...stored.scopes] } : null),
        storeDeviceAuthToken: (given) =>
          tokens.set(given.role, { token: given.token, scopes: given.scopes, protocol: this.#signedOlder ? 3 : 4 }),
        clearDeviceAuthToken: (given) => tokens.clear(given.role),
        logDebug: (text) => log.debug({}, text),
        logError: (text) => log.debug({}, text),
      },
    };
  }

  /** A refusal is told and logged once, not at each attempt. */
  #refused(why: Refusal): void {
    const { url, log } = this.#options;
    if (why.kind === "pairing") {
      this.#tell({ state: "pending", ...why });
      this.#once(`pairing ${why.requestId ?? ""}`, () =>
        log.warn(
          { gateway: url, requestId: why.requestId },
          `waiting to be approved at the gateway; there run: ${why.command}`,
        ),
      );
      return;
    }
    this.#tell({ state: "waiting", reason: why.message });
    this.#once(why.message, () => {
      const hint = why.kind === "secret" ? "; check the configured token, or make a new setup code" : "";
      log.warn({ gateway: url, reason: why.message }, `the gateway refuses the connection${hint}`);
    });
  }

  #once(key: string, say: () => void): void {
    if (this.#said === key) return;
    this.#said = key;
    say();
  }

  #tell(state: ConnectionState): void {
    if (JSON.stringify(state) === JSON.stringify(this.#state)) return;
    this.#state = state;
    this.events.emit("state", state);
  }
}

/** Only what is set; a setup code counts where there is no token. */
function secretOptions({
  token,
  password,
  bootstrapToken,
}: ConnectionOptions["secret"]): Partial<GatewayClientOptions> {
  return {
    ...(token === undefined ? {} : { token }),
    ...(password === undefined ? {} : { password }),
    ...(bootstrapToken === undefined || token !== undefined ? {} : { bootstrapToken, preferBootstrapToken: true }),
  };
}

/** The gateway's refusal of a request in this house's terms. */
function failureOf(error: unknown, method: string): BarnacleError {
  const { gatewayCode, message, details } = error as { gatewayCode?: string; message: string; details?: unknown };
  if (gatewayCode === undefined) {
    const late = /timeout/.test(messageOf(error));
    return new BarnacleError(late ? "TIMEOUT" : "HUB_UNREACHABLE", `${method}: ${messageOf(error)}`, { cause: error });
  }
  return fromGatewayError({ code: gatewayCode as never, message, details: details as never });
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
