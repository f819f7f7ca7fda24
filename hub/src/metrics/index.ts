import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "@barnacle/protocol/runtime";
import type { FastifyInstance } from "fastify";
import { Bearer, refused } from "../api/bearer.ts";
import type { HttpRoutes, Origins } from "../http/index.ts";
import type { Counters, Devices, VoiceTurns } from "../services.ts";

export interface MetricsOptions {
  readonly version: string;
  readonly counters: Counters;
  readonly devices: Pick<Devices, "list">;
  readonly voice: Pick<VoiceTurns, "events">;
  /** Open gateway connections. */
  readonly connections: () => number;
  readonly origins: Origins;
  /** Any of these as bearer opens the page to other machines. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

const TURN_SECONDS = [0.25, 0.5, 1, 2, 3, 5, 10, 30];
const UNAUTHORIZED = { error: { message: "Unauthorized", type: "unauthorized" } };
const NANOSECONDS = 1e9;

/** `GET /metrics` for Prometheus: open to this machine, to others with the gateway's token. The library is loaded at the first read. */
export class Metrics implements HttpRoutes {
  readonly #options: MetricsOptions;
  readonly #turns = { buckets: TURN_SECONDS.map(() => 0), count: 0, sum: 0 };
  #end: () => void = () => {};
  #page: Promise<() => Promise<string>> | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  register(server: FastifyInstance): void {
    const { origins, voice } = this.#options;
    const bearer = new Bearer(this.#options);
    const off = voice.events.on("updated", ({ turn }) => {
      if (turn.status === "done") this.#observe(turn.spans);
    });
    server.addHook("onClose", async () => {
      off();
      this.#end();
    });
    server.get("/metrics", async (request, reply) => {
      const waitMs = origins.of(request.raw).local ? undefined : bearer.refusal(request);
      if (waitMs !== undefined) return refused(reply, waitMs).send(UNAUTHORIZED);
      this.#page ??= this.#open();
      const page = await this.#page;
      return reply.type("text/plain; version=0.0.4; charset=utf-8").send(await page());
    });
  }

  #observe(spans: readonly { readonly startMs: number; readonly durationMs: number }[]): void {
    if (spans.length === 0) return;
    const begin = Math.min(...spans.map((span) => span.startMs));
    const seconds = (Math.max(...spans.map((span) => span.startMs + span.durationMs)) - begin) / 1000;
    TURN_SECONDS.forEach((limit, i) => {
      if (seconds <= limit) this.#turns.buckets[i] = (this.#turns.buckets[i] ?? 0) + 1;
    });
    this.#turns.count += 1;
    this.#turns.sum += seconds;
  }

  async #open(): Promise<() => Promise<string>> {
    const { Gauge, Registry } = await import("prom-client");
    const { counters, devices, connections, version } = this.#options;
    const registry = new Registry();
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    this.#end = () => {
      delay.disable();
      this.#page = undefined;
    };
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({ name, help, registers: [registry], collect: (): void => gauges.get(name)?.set(read()) });
    const gauges = new Map<string, InstanceType<typeof Gauge>>();
    const add = (name: string, help: string, read: () => number) => gauges.set(name, gauge(name, help, read));
    const nodes = () => devices.list().filter((device) => device.roles.includes("node"));
    add("barnacle_gateway_connections", "open gateway connections", connections);
    add("barnacle_nodes_paired", "paired nodes", () => nodes().length);
    add("barnacle_nodes_online", "nodes that are connected", () => nodes().filter((node) => node.online).length);
    add("process_resident_memory_bytes", "resident memory", () => process.memoryUsage().rss);
    add("nodejs_heap_used_bytes", "used JavaScript heap", () => process.memoryUsage().heapUsed);
    add("process_uptime_seconds", "seconds since the start", () => process.uptime());
    add("nodejs_eventloop_lag_p99_seconds", "delay of the event loop since the last read, 99th percentile", () =>
      lag(delay),
    );
    const events = new Gauge({
      name: "barnacle_events_total",
      help: "what happened since the start, by name",
      labelNames: ["name"],
      registers: [registry],
      collect(): void {
        for (const [name, value] of Object.entries(counters.snapshot())) this.set({ name }, value);
      },
    });
    const about = new Gauge({ name: "barnacle_info", help: "version", labelNames: ["version"], registers: [registry] });
    about.set({ version }, 1);
    void events;
    return async () => `${await registry.metrics()}\n${this.#histogram()}`;
  }

  /** The exposition format's own form of a histogram; it is kept before anybody reads it, so without the library. */
  #histogram(): string {
    const { buckets, count, sum } = this.#turns;
    const name = "barnacle_turn_seconds";
    const lines = TURN_SECONDS.map((limit, i) => `${name}_bucket{le="${limit}"} ${buckets[i]}`);
    return [
      `# HELP ${name} seconds from the beginning of a turn to its reply`,
      `# TYPE ${name} histogram`,
      ...lines,
      ...[`${name}_bucket{le="+Inf"} ${count}`, `${name}_sum ${sum}`, `${name}_count ${count}`, ""],
    ].join("\n");
  }
}

function lag(delay: ReturnType<typeof monitorEventLoopDelay>): number {
  const p99 = delay.percentile(99) / NANOSECONDS;
  delay.reset();
  return Number.isFinite(p99) ? p99 : 0;
}
