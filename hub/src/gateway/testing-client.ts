import { type DeviceIdentity, deviceAuthPayload, generateIdentity, signText } from "@barnacle/protocol/identity";
import type { FakeClock } from "@barnacle/protocol/runtime";
import { type RawData, WebSocket } from "ws";

export const TOKEN = "a-token-of-the-test-hub";

interface Teardown {
  teardown(fn: () => unknown): void;
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
