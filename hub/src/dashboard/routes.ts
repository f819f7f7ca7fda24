import { BarnacleError, toBarnacleError } from "@barnacle/protocol/errors";
import { grants } from "@barnacle/protocol/gateway";
import type { Clock } from "@barnacle/protocol/runtime";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Bearer, refused } from "../api/bearer.ts";
import { EventStream } from "../api/sse.ts";
import type { HttpRoutes } from "../http/index.ts";
import type { BeadsService, Devices, TownService } from "../services.ts";

export interface DashboardOptions {
  readonly beads: BeadsService;
  readonly town: TownService;
  readonly devices: Pick<Devices, "list" | "verifyToken">;
  /** Operators' shared ones. */
  readonly secrets: readonly string[];
  readonly clock: Clock;
}

const PREFIX = "/api/dashboard";
const NAMES = ["overview", "convoys", "agents", "beads", "metrics"] as const;
/** A comment, so that proxies and dead connections show. */
const QUIET_MS = 30_000;

/**
 * `GET /api/dashboard/overview|convoys|agents|beads|metrics`, computed from the stores when they are asked, and
 * `GET /api/dashboard/events`, changes as server-sent events. For the shared token, and paired operators with `operator.read`.
 */
export class DashboardRoutes implements HttpRoutes {
  readonly #options: DashboardOptions;

  constructor(options: DashboardOptions) {
    this.#options = options;
  }

  async register(server: FastifyInstance): Promise<void> {
    const { secrets, clock } = this.#options;
    const bearer = new Bearer({ secrets, clock, others: (token) => this.#mayRead(token) });
    await server.register(async (own) => {
      own.addHook("onRequest", async (request, reply) => {
        const wait = bearer.refusal(request);
        if (wait === undefined) return undefined;
        return refused(reply, wait).send({ error: { code: "UNAUTHORIZED", message: "Unauthorized" } });
      });
      own.setErrorHandler((error: Error, _request, reply) => {
        const named = toBarnacleError(error);
        return reply.code(named.entry.http).send({ error: named.toShape() });
      });
      for (const name of NAMES) {
        own.get(`${PREFIX}/${name}`, async (request, reply) => {
          reply.header("cache-control", "no-store");
          return this.#answer(name, request.query);
        });
      }
      own.get(`${PREFIX}/events`, async (request, reply) => {
        const since = sinceOf(request);
        let end = () => {};
        let gone = false;
        const stream = new EventStream(request, reply, () => {
          gone = true;
          end();
        });
        const { follow } = await import("./index.ts");
        const stop = await follow(this.#options, since, ({ event, id, data }) => stream.send(data, event, id));
        const quiet = clock.every(QUIET_MS, () => stream.comment());
        end = () => {
          stop();
          quiet();
        };
        if (gone) end();
      });
    });
  }

  async #answer(name: (typeof NAMES)[number], query: unknown): Promise<unknown> {
    const [town, { Query, RESOURCES }] = await Promise.all([this.#options.town.open(), import("./index.ts")]);
    const resource = RESOURCES[name];
    if (!resource) throw new BarnacleError("INTERNAL", `the dashboard lacks ${name}`);
    return resource(town.reading(), new Query(query));
  }

  #mayRead(token: string): boolean {
    const { devices } = this.#options;
    return devices
      .list()
      .filter(({ scopes, blocked }) => !blocked && grants(scopes, "read"))
      .some(({ deviceId }) => devices.verifyToken(deviceId, "operator", token));
  }
}

/** @throws INPUT_INVALID */
function sinceOf({ headers, query }: FastifyRequest): number | undefined {
  const given = headers["last-event-id"] ?? (query as { since?: string }).since;
  if (given === undefined || given === "") return undefined;
  const number = Number(given);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new BarnacleError(
    "INPUT_INVALID",
    `Last-Event-ID: expected the id of an event, got ${String(given).slice(0, 40)}`,
  );
}
