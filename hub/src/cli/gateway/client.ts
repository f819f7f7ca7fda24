import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { BarnacleError, messageOf, systemCode } from "@barnacle/protocol/errors";
import { type DeviceIdentity, deviceAuthPayload, signText } from "@barnacle/protocol/identity";
import { type Clock, systemClock } from "@barnacle/protocol/runtime";
import { WebSocket } from "ws";
import { type EventFrame, errorFromWire, isObject, parseFrame, type ResponseFrame } from "./wire.ts";

export interface GatewayClientOptions {
  /** `ws://host:port`. */
  readonly url: string;
  readonly token?: string | undefined;
  /** SHA-256 of the hub's certificate, for `wss:`; absent: the system decides whom it trusts. */
  readonly fingerprint?: string | undefined;
  readonly identity: DeviceIdentity;
  readonly version: string;
  readonly clock?: Clock;
  /** For the whole handshake; default 10,000. */
  readonly connectTimeoutMs?: number;
}

interface Waiting {
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly cancel: () => void;
}

const ROLE = "operator";
const SCOPES = ["operator.admin", "operator.approvals", "operator.pairing"];
const CLIENT = { id: "cli", mode: "cli" } as const;
const MOST_BYTES = 25 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
const CALL_TIMEOUT_MS = 10_000;

/** One operator connection to a gateway. Source: Moltbot gateway protocol 3, "connect" and "device identity". */
export class GatewayClient {
  readonly #options: GatewayClientOptions;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();
  readonly #closed = new Set<(error: BarnacleError) => void>();
  #socket: WebSocket | undefined;
  #next = 1;
  #hello: unknown;

  constructor(options: GatewayClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get url(): string {
    return this.#options.url;
  }

  /** What the gateway said at connect: version, features, snapshot. */
  get hello(): unknown {
    return this.#hello;
  }

  /** Connects and signs the challenge; resolves with the hello. @throws HUB_UNREACHABLE, UNAUTHORIZED, NOT_PAIRED, … */
  open(): Promise<unknown> {
    const { url, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve, reject) => {
      const socket = this.#dial(reject);
      this.#socket = socket;
      const cancel = this.#clock.after(connectTimeoutMs, () => {
        reject(new BarnacleError("HUB_UNREACHABLE", `${url} did not answer within ${connectTimeoutMs} ms`));
        socket.terminate();
      });
      const settle = (): void => {
        cancel();
        stopListening();
      };
      const stopListening = this.on("connect.challenge", (payload) => {
        const nonce = isObject(payload) && typeof payload.nonce === "string" ? payload.nonce : undefined;
        this.call("connect", this.#connectParams(nonce), connectTimeoutMs).then(
          (hello) => {
            settle();
            this.#hello = hello;
            resolve(hello);
          },
          (error: unknown) => {
            settle();
            reject(error);
            socket.close();
          },
        );
      });
      this.onClose((error) => {
        settle();
        reject(error);
      });
    });
  }

  /** @throws the hub's own error, TIMEOUT, HUB_UNREACHABLE when the connection ends first */
  call<T>(method: string, params: object = {}, timeoutMs = CALL_TIMEOUT_MS): Promise<T> {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN)
      return Promise.reject(new BarnacleError("HUB_UNREACHABLE", `not connected to ${this.url}`));
    const id = `c${this.#next++}`;
    return new Promise<T>((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        this.#waiting.delete(id);
        reject(new BarnacleError("TIMEOUT", `the hub did not answer ${method} within ${timeoutMs} ms`));
      });
      this.#waiting.set(id, { resolve: resolve as (payload: unknown) => void, reject, cancel });
      socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  }

  on(event: string, fn: (payload: unknown) => void): () => void {
    const set = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, set);
    set.add(fn);
    return () => set.delete(fn);
  }

  onClose(fn: (error: BarnacleError) => void): () => void {
    this.#closed.add(fn);
    return () => this.#closed.delete(fn);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(500, () => socket.terminate());
      socket.once("close", () => {
        cancel();
        resolve();
      });
      socket.close(1000);
    });
  }

  #dial(refuse: (error: unknown) => void): WebSocket {
    const { url, fingerprint } = this.#options;
    const pinned = fingerprint !== undefined && url.startsWith("wss:");
    const socket = new WebSocket(url, {
      ...{ perMessageDeflate: false, maxPayload: MOST_BYTES },
      // The pin takes the place of the system's trust, and is looked at before anything is said.
      ...(pinned ? { rejectUnauthorized: false } : {}),
    });
    if (pinned) {
      socket.once("upgrade", ({ socket: raw }) => {
        if (isPinned(raw, fingerprint)) return;
        refuse(
          new BarnacleError("CERTIFICATE_MISMATCH", `the hub at ${url} has another certificate than the pinned one`),
        );
        socket.terminate();
      });
    }
    socket.on("error", (error) => refuse(unreachable(url, error)));
    socket.on("message", (data) => this.#receive(data.toString()));
    socket.on("close", (code, reason) => this.#ended(code, reason.toString()));
    return socket;
  }

  #receive(text: string): void {
    const frame = parseFrame(text);
    if (frame?.type === "res") this.#answer(frame);
    else if (frame?.type === "event") this.#emit(frame);
  }

  #answer(frame: ResponseFrame): void {
    const waiting = this.#waiting.get(frame.id);
    if (!waiting) return;
    this.#waiting.delete(frame.id);
    waiting.cancel();
    if (frame.ok) waiting.resolve(frame.payload);
    else waiting.reject(errorFromWire(frame.error));
  }

  #emit(frame: EventFrame): void {
    for (const fn of [...(this.#listeners.get(frame.event) ?? [])]) fn(frame.payload);
  }

  #ended(code: number, reason: string): void {
    const why = reason === "" ? `code ${code}` : `${reason}, code ${code}`;
    const error = new BarnacleError("HUB_UNREACHABLE", `${this.url} closed the connection (${why})`);
    for (const waiting of this.#waiting.values()) {
      waiting.cancel();
      waiting.reject(error);
    }
    this.#waiting.clear();
    for (const fn of [...this.#closed]) fn(error);
  }

  #connectParams(nonce: string | undefined): object {
    const { identity, token, version } = this.#options;
    const signedAt = this.#clock.now();
    const text = deviceAuthPayload({
      deviceId: identity.deviceId,
      clientId: CLIENT.id,
      clientMode: CLIENT.mode,
      role: ROLE,
      scopes: SCOPES,
      signedAtMs: signedAt,
      token,
      nonce,
    });
    return {
      minProtocol: 3,
      maxProtocol: 3,
      client: { ...CLIENT, displayName: `barnacle on ${hostname()}`, version, platform: process.platform },
      role: ROLE,
      scopes: SCOPES,
      device: {
        id: identity.deviceId,
        publicKey: identity.publicKey,
        signature: signText(identity, text),
        signedAt,
        ...(nonce === undefined ? {} : { nonce }),
      },
      ...(token === undefined ? {} : { auth: { token } }),
    };
  }
}

/** OpenSSL's words for a chain that ends at an authority which the system does not know. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_/;

function unreachable(url: string, error: unknown): BarnacleError {
  if (UNTRUSTED.test(systemCode(error) ?? "")) {
    return new BarnacleError("CERTIFICATE_MISMATCH", `the hub at ${url} is not trusted: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const refused = systemCode(error) === "ECONNREFUSED";
  return new BarnacleError(
    "HUB_UNREACHABLE",
    `no hub answers at ${url} (${refused ? "connection refused" : messageOf(error)})`,
    {
      cause: error,
      details: { url, system: systemCode(error) },
    },
  );
}

/** Colons and case are as people copy them. */
function isPinned(raw: Duplex, fingerprint: string): boolean {
  const plain = (text = "") => text.replace(/[^0-9a-f]/gi, "").toLowerCase();
  return plain((raw as TLSSocket).getPeerCertificate().fingerprint256) === plain(fingerprint);
}
