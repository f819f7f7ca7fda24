import { type DeviceIdentity, deviceAuthPayload, generateIdentity, signText } from "@barnacle/protocol/identity";
import { type RawData, WebSocket } from "ws";

export interface WireFrame {
  readonly type: string;
  readonly id?: string;
  readonly event?: string;
  readonly ok?: boolean;
  readonly payload?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface WireLogin {
  readonly token: string;
  readonly role: "operator" | "node";
  readonly scopes: readonly string[];
  readonly identity?: DeviceIdentity;
  readonly commands?: readonly string[];
  readonly protocol?: number;
}

/** A bare gateway connection that says what a test wants and looks at every byte that comes back. */
export class GatewayWire {
  readonly ws: WebSocket;
  readonly closed: Promise<number>;
  /** What came, in order; cleared by `drain`. */
  frames: WireFrame[] = [];
  #waiting: (() => void)[] = [];

  constructor(url: string, onBytes: (text: string) => void = () => {}) {
    this.ws = new WebSocket(url, { perMessageDeflate: false });
    this.ws.on("message", (data: RawData) => {
      const text = textOf(data);
      onBytes(text);
      this.frames.push(JSON.parse(text) as WireFrame);
      this.#wake();
    });
    this.ws.on("error", () => {
      // A refused or broken connection shows in `closed`.
    });
    this.closed = new Promise((resolve) => {
      this.ws.once("close", (code) => {
        resolve(code);
        this.#wake();
      });
    });
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN || this.ws.readyState === WebSocket.CONNECTING;
  }

  /** The first frame that fits, here or to come; undefined when the connection ends before. */
  async find(fits: (frame: WireFrame) => boolean): Promise<WireFrame | undefined> {
    let seen = 0;
    for (;;) {
      for (; seen < this.frames.length; seen++) {
        const frame = this.frames[seen] as WireFrame;
        if (fits(frame)) return frame;
      }
      if (!this.isOpen) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      seen = Math.min(seen, this.frames.length);
    }
  }

  send(frame: string | Buffer, options: { binary?: boolean } = {}): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(frame, options);
  }

  async request(id: string, method: string, params?: unknown): Promise<WireFrame | undefined> {
    this.send(JSON.stringify({ type: "req", id, method, params }));
    return this.find((frame) => frame.type === "res" && frame.id === id);
  }

  /** Signs the challenge and connects. */
  async login(options: WireLogin): Promise<WireFrame | undefined> {
    const challenge = await this.find((frame) => frame.event === "connect.challenge");
    const nonce = (challenge?.payload as { nonce?: string } | undefined)?.nonce ?? "";
    return this.request("connect", "connect", loginParams(nonce, options));
  }

  drain(): WireFrame[] {
    return this.frames.splice(0);
  }

  async end(): Promise<void> {
    this.ws.terminate();
    await this.closed;
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export function loginParams(nonce: string, options: WireLogin): Record<string, unknown> {
  const { token, role, scopes, identity = generateIdentity(), protocol = 3 } = options;
  const node = role === "node";
  const client = {
    ...{ id: node ? "node-host" : "gateway-client", mode: node ? "node" : "backend" },
    ...{ version: "1.0.0", platform: "linux", displayName: node ? "Fuzz node" : "Fuzz operator" },
  };
  const signedAt = Date.now();
  const payload = deviceAuthPayload({
    ...{ deviceId: identity.deviceId, clientId: client.id, clientMode: client.mode, role, scopes, token, nonce },
    signedAtMs: signedAt,
  });
  return {
    ...{ minProtocol: protocol, maxProtocol: protocol, client, role, scopes, auth: { token } },
    ...(node ? { commands: options.commands ?? [], caps: [] } : {}),
    device: {
      ...{ id: identity.deviceId, publicKey: identity.publicKey, signature: signText(identity, payload) },
      ...{ signedAt, nonce },
    },
  };
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}
