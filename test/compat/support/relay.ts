import { once } from "node:events";
import { writeFileSync } from "node:fs";
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import type { Target } from "./client.ts";

export type Frame = Record<string, unknown> & { readonly type?: string; readonly method?: string };

/** One frame that passed, in the order in which all of them did. */
export interface Recorded {
  readonly connection: number;
  readonly from: "client" | "gateway";
  readonly frame: Frame;
}

/** A request with what came back for it. */
export interface Call {
  readonly connection: number;
  readonly method: string;
  readonly params: unknown;
  /** `res` frames; `agent` is answered twice. */
  readonly answers: readonly Frame[];
}

export interface RelayOptions {
  /** Answers plain HTTP in the gateway's place. */
  readonly serve?: RequestListener;
  /** Presents its clients as coming from this address; the gateway must trust the relay as a proxy. */
  readonly forwardedFor?: string;
}

/**
 * Stands between a client and a gateway and writes down every frame, both ways. Plain HTTP is passed on too, or answered
 * by `serve`.
 */
export class Relay implements Target {
  readonly token: string;
  readonly frames: Recorded[] = [];
  /** Close codes by connection, as the gateway gave them. */
  readonly closes: { readonly connection: number; readonly code: number; readonly reason: string }[] = [];
  readonly #target: Target;
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #forwardedFor: string | undefined;
  #connections = 0;

  constructor(target: Target, { serve, forwardedFor }: RelayOptions = {}) {
    this.#target = target;
    this.token = target.token;
    this.#forwardedFor = forwardedFor;
    this.#http = createServer(serve ?? ((request, response) => passOn(target, request, response)));
    this.#sockets = new WebSocketServer({ server: this.#http, perMessageDeflate: false });
    this.#sockets.on("connection", (client, request) => this.#join(client, request));
  }

  get url(): string {
    const { port } = this.#http.address() as AddressInfo;
    return `ws://127.0.0.1:${port}`;
  }

  /** The same as a page's address. */
  get page(): string {
    return this.url.replace("ws:", "http:");
  }

  async start(): Promise<this> {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    return this;
  }

  stop(): void {
    for (const client of this.#sockets.clients) client.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
  }

  /** Requests that passed at or after frame `from`, in order. */
  calls(from = 0): Call[] {
    const answers = Map.groupBy(
      this.frames.filter(({ from: side, frame }) => side === "gateway" && frame.type === "res"),
      ({ connection, frame }) => `${connection} ${frame.id}`,
    );
    return this.frames.slice(from).flatMap(({ connection, from: side, frame }) => {
      if (side !== "client" || frame.type !== "req" || frame.method === undefined) return [];
      const own = answers.get(`${connection} ${frame.id}`) ?? [];
      return [{ connection, method: frame.method, params: frame.params, answers: own.map((each) => each.frame) }];
    });
  }

  /** `method: what the gateway said` of every request that was refused, each once. */
  refusals(from = 0): string[] {
    const all = this.calls(from).flatMap(({ method, answers }) => {
      const refused = answers.find(({ ok }) => ok !== true);
      return refused === undefined
        ? []
        : [`${method}: ${(refused.error as { message?: string } | undefined)?.message}`];
    });
    return [...new Set(all)];
  }

  save(file: string): void {
    writeFileSync(file, this.frames.map((each) => `${JSON.stringify(each)}\n`).join(""));
  }

  #join(client: WebSocket, request: IncomingMessage): void {
    const connection = ++this.#connections;
    const { origin } = request.headers;
    const headers: Record<string, string> = { "user-agent": request.headers["user-agent"] ?? "" };
    if (this.#forwardedFor !== undefined) headers["x-forwarded-for"] = this.#forwardedFor;
    const gateway = new WebSocket(new URL(request.url ?? "/", this.#target.url), {
      perMessageDeflate: false,
      headers,
      // A page that came from the relay's own address counts as one of the gateway's.
      ...(origin === undefined
        ? {}
        : { origin: origin.replace(new URL(this.url).host, new URL(this.#target.url).host) }),
    });
    const waiting: [RawData, boolean][] = [];
    client.on("message", (data, binary) => {
      this.#note(connection, "client", data);
      if (gateway.readyState === WebSocket.OPEN) gateway.send(data, { binary });
      else waiting.push([data, binary]);
    });
    gateway.on("open", () => {
      for (const [data, binary] of waiting) gateway.send(data, { binary });
    });
    gateway.on("message", (data, binary) => {
      this.#note(connection, "gateway", data);
      if (client.readyState === WebSocket.OPEN) client.send(data, { binary });
    });
    gateway.on("close", (code, reason) => {
      this.closes.push({ connection, code, reason: reason.toString() });
      shut(client, code, reason);
    });
    client.on("close", (code, reason) => shut(gateway, code, reason));
    gateway.on("error", () => client.terminate());
    client.on("error", () => gateway.terminate());
  }

  #note(connection: number, from: Recorded["from"], data: RawData): void {
    const text = data.toString();
    try {
      this.frames.push({ connection, from, frame: JSON.parse(text) as Frame });
    } catch {
      this.frames.push({ connection, from, frame: { unreadable: text.slice(0, 200) } });
    }
  }
}

function passOn({ url }: Target, request: IncomingMessage, response: ServerResponse): void {
  const { host, port } = new URL(url);
  const { method, headers, url: path } = request;
  const onward = httpRequest({ host: "127.0.0.1", port, method, path, headers: { ...headers, host } }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
}

function shut(socket: WebSocket, code: number, reason: Buffer): void {
  // 1005 and 1006 say that there was no code; they cannot be sent.
  if (code === 1005) socket.close();
  else if (code < 1000 || code === 1006 || code === 1015) socket.terminate();
  else socket.close(code, reason);
}
