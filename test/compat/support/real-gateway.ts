import { once } from "node:events";
import path from "node:path";
import { WebSocket } from "ws";
import { ClientHome, type Target } from "./client.ts";
import { freePort } from "./ports.ts";
import type { Process } from "./process.ts";
import type { Program } from "./programs.ts";

export const REAL_TOKEN = "real-gateway-token-0123456789";

export interface RealGatewayOptions {
  /** Base address of an OpenAI-compatible endpoint that answers for the agent, `http://127.0.0.1:PORT/v1`. */
  readonly model?: string;
  /** Merged over the configuration, section by section: `{ nodes: { commands: { allow: ["gpio.write"] } } }`. */
  readonly gateway?: Record<string, unknown>;
  readonly config?: Record<string, unknown>;
}

/**
 * A real gateway of either era on loopback, for comparison and for joining it. The very first start of a program compiles
 * for a minute or two, later ones take 5–12 s.
 */
export class RealGateway implements Target {
  readonly home: ClientHome;
  readonly token = REAL_TOKEN;
  readonly #options: RealGatewayOptions;
  #port = 0;
  process: Process | undefined;

  constructor(dir: string, program: Program, options: RealGatewayOptions = {}) {
    this.home = new ClientHome(path.join(dir, "gateway"), program);
    this.#options = options;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<this> {
    if (this.#port === 0) {
      this.#port = await freePort();
      this.home.configure(this.#config());
    }
    const port = String(this.#port);
    const how = ["--bind", "loopback", "--auth", "token", "--token", this.token, "--allow-unconfigured"];
    this.process = this.home.start(["gateway", "run", "--port", port, ...how]);
    await this.process.until("a gateway that greets", () => greets(this.url));
    return this;
  }

  /** Its own command line, as its owner would use it. */
  run(args: readonly string[]): ReturnType<ClientHome["run"]> {
    return this.home.run(args);
  }

  async stop(): Promise<void> {
    await this.process?.stop();
  }

  #config(): object {
    const { gateway, config, model } = this.#options;
    return {
      gateway: {
        mode: "local",
        port: this.#port,
        bind: "loopback",
        auth: { mode: "token", token: this.token },
        ...gateway,
      },
      update: { checkOnStart: false },
      ...(model === undefined ? {} : agentOn(model)),
      ...config,
    };
  }
}

/** The agent on one model of an OpenAI-compatible endpoint. Today's gateway asks for "reasoning" in voice runs. */
function agentOn(baseUrl: string): object {
  const cost = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };
  const size = { contextWindow: 128_000, maxTokens: 4096 };
  const model = { id: "echo", name: "Echo", reasoning: true, input: ["text"], cost, ...size };
  return {
    models: { providers: { stub: { baseUrl, apiKey: "none", api: "openai-completions", models: [model] } } },
    agents: { defaults: { model: { primary: "stub/echo" } } },
  };
}

/** True once a WebSocket opens and the gateway speaks first. */
async function greets(url: string): Promise<true | undefined> {
  const socket = new WebSocket(url, { handshakeTimeout: 5000 });
  try {
    await once(socket, "message", { signal: AbortSignal.timeout(10_000) });
    return true;
  } catch {
    return undefined;
  } finally {
    socket.on("error", () => {});
    socket.terminate();
  }
}
