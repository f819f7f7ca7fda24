import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { toGatewayError } from "@barnacle/protocol/gateway";
import { deviceAuthPayload, verifyText } from "@barnacle/protocol/identity";
import { type WebSocket, WebSocketServer } from "ws";
import type { Io } from "./io.ts";
import { run } from "./run.ts";

export interface CapturedIo extends Io {
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when this was written to the standard output. */
  readonly saw: (text: string) => Promise<void>;
  /** As a signal would. */
  readonly stop: () => void;
}

/** Surroundings without a real home or terminal; what is written is kept. */
export function capturedIo(options: { home: string; tty?: boolean; env?: Record<string, string> }): CapturedIo {
  const { home, tty = false, env = {} } = options;
  const out: string[] = [];
  const err: string[] = [];
  const stops = new Set<() => void>();
  const watching = new Set<() => void>();
  const write = (text: string): void => {
    out.push(text);
    for (const look of watching) look();
  };
  return {
    stdout: { isTTY: tty, columns: 100, write },
    stderr: { isTTY: tty, columns: 100, write: (text) => err.push(text) },
    env: { HOME: home, PATH: process.env.PATH, BARNACLE_STATE_DIR: path.join(home, "state"), ...env },
    home,
    uid: 1000,
    onStop(fn) {
      stops.add(fn);
      return () => stops.delete(fn);
    },
    out: () => out.join(""),
    err: () => err.join(""),
    saw: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!out.join("").includes(text)) return;
          watching.delete(look);
          resolve();
        };
        watching.add(look);
        look();
      }),
    stop: () => {
      for (const fn of stops) fn();
    },
  };
}

/** A home directory that is gone when `teardown` ran. */
export function temporaryHome(teardown: (fn: () => void) => void): string {
  const home = mkdtempSync(path.join(tmpdir(), "barnacle-cli-"));
  teardown(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** One command line against given surroundings. */
export async function runCli(argv: readonly string[], io: CapturedIo): Promise<Ran> {
  const code = await run(argv, io);
  return { code, out: io.out(), err: io.err() };
}

type Method = (params: Record<string, unknown>) => unknown;

/** A gateway with the handshake of protocol 3 and the methods it is given; a method that throws refuses. */
export class FakeGateway {
  readonly calls: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
  readonly token: string;
  readonly #methods: Readonly<Record<string, Method>>;
  readonly #server: WebSocketServer;
  #socket: WebSocket | undefined;

  private constructor(server: WebSocketServer, token: string, methods: Readonly<Record<string, Method>>) {
    this.#server = server;
    this.token = token;
    this.#methods = methods;
    server.on("connection", (socket) => this.#greet(socket));
  }

  static async start(methods: Readonly<Record<string, Method>>, token = "token-of-the-test"): Promise<FakeGateway> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await once(server, "listening");
    return new FakeGateway(server, token, methods);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  emit(event: string, payload: unknown): void {
    this.#socket?.send(JSON.stringify({ type: "event", event, payload, seq: 1 }));
  }

  /** Ends every connection as a restarting hub does. */
  restart(): void {
    for (const socket of this.#server.clients) socket.close(1012, "service restart");
  }

  async stop(): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }

  #greet(socket: WebSocket): void {
    this.#socket = socket;
    const nonce = "nonce-of-this-connection";
    socket.on("message", (data) => {
      const { id, method, params } = JSON.parse(data.toString());
      const answer = (frame: object): void => socket.send(JSON.stringify({ type: "res", id, ...frame }));
      try {
        const payload = method === "connect" ? this.#connect(params, nonce) : this.#call(method, params);
        if (payload !== SILENT) answer({ ok: true, payload });
      } catch (error) {
        answer({ ok: false, error: toGatewayError(toBarnacleError(error)) });
      }
    });
    socket.send(JSON.stringify({ type: "event", event: "connect.challenge", payload: { nonce, ts: 1 } }));
  }

  #connect(params: ConnectParams, nonce: string): unknown {
    const { device, client, role, scopes, auth } = params;
    const text = deviceAuthPayload({
      deviceId: device.id,
      clientId: client.id,
      clientMode: client.mode,
      role,
      scopes,
      signedAtMs: device.signedAt,
      token: auth?.token,
      nonce,
    });
    if (!verifyText(device.publicKey, text, device.signature))
      throw new BarnacleError("PROOF_INVALID", "device signature invalid");
    if (auth?.token !== this.token)
      throw new BarnacleError("UNAUTHORIZED", "unauthorized: gateway token mismatch (provide gateway auth token)");
    return { type: "hello-ok", protocol: 3, server: { version: "1.2.3" }, snapshot: { uptimeMs: 60_000 } };
  }

  #call(method: string, params: Record<string, unknown>): unknown {
    this.calls.push({ method, params });
    const fn = this.#methods[method];
    if (!fn) throw new BarnacleError("METHOD_UNKNOWN", `unknown method: ${method}`);
    return fn(params);
  }
}

interface ConnectParams {
  readonly device: { id: string; publicKey: string; signature: string; signedAt: number };
  readonly client: { id: string; mode: string };
  readonly role: string;
  readonly scopes: string[];
  readonly auth?: { token?: string };
}

/** Returned by a method that never answers. */
export const SILENT = Symbol("no answer");
