import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import fastify from "fastify";
import t from "tap";
import type { BeadsChanged } from "../beads/index.ts";
import { testBeads } from "../beads/testing.ts";
import type { DeviceRecord } from "../services.ts";
import type { TownEvents } from "../town/index.ts";
import { Town } from "../town/index.ts";
import { DashboardRoutes } from "./routes.ts";

const SECRET = "a-long-shared-token";
const READER = { deviceId: "r", scopes: ["operator.read"], blocked: false };
const TALKER = { deviceId: "t", scopes: ["operator.talk"], blocked: false };

async function served(t: { teardown(fn: () => unknown): void }) {
  const { beads, store, clock, random, add } = await testBeads(t);
  const events = new Events<TownEvents>();
  const town = new Town({ store, beads, clock, random, log: silentLog, events });
  const services = {
    beads: { events: beads.events as Events<{ changed: BeadsChanged }>, open: async () => beads },
    town: { events, open: async () => town },
  };
  const unit = { start: async () => {}, stop: async () => {} };
  const routes = new DashboardRoutes({
    ...{ beads: { ...services.beads, ...unit }, town: { ...services.town, ...unit }, clock },
    devices: {
      list: () => [READER, TALKER] as unknown as readonly DeviceRecord[],
      verifyToken: (id: string, role: string, token: string) => role === "operator" && token === `token-of-${id}`,
    },
    secrets: [SECRET],
  });
  const server = fastify();
  await server.register(async (own) => routes.register(own));
  t.teardown(() => server.close());
  const get = async (path: string, token = SECRET) => {
    const answer = await server.inject({
      url: `/api/dashboard/${path}`,
      headers: { authorization: `Bearer ${token}` },
      remoteAddress: "127.0.0.1",
    });
    return { status: answer.statusCode, body: answer.json() };
  };
  return { beads, store, clock, town, events, add, server, get };
}

t.test("the five resources are computed from what is stored", async (t) => {
  const { beads, clock, town, add, get } = await served(t);
  const gate = await add({ title: "Fix the gate", priority: 1, labels: ["garden"] });
  const paint = await add({ title: "Paint it", dependencies: [{ on: gate }] });
  const done = await add({ title: "Oil it" });
  await beads.write("anna", (writer) => writer.closing.close(done, { reason: "Oiled" }));
  const convoy = await town.convoys.create("anna", { title: "Garden", beads: [gate, paint] });
  await town.escalations.raise("anna", { severity: "high", subject: "The hinge broke", bead: gate });
  const overview = await get("overview");
  t.match(overview, {
    status: 200,
    body: {
      beads: { blocked_issues: 1, closed_issues: 1 },
      ...{ convoys: { open: 1, by_status: { open: 1 } }, agents: { total: 0, running: 0 }, rigs: [] },
      emergency_stop: { stopped: false },
    },
  });
  t.match(
    overview.body.alerts.map(({ kind, id }: { kind: string; id: string }) => [kind, kind === "stranded" ? id : ""]),
    [
      ["escalation", ""],
      ["stranded", convoy.id],
    ],
  );
  t.match((await get("convoys")).body, [{ id: convoy.id, title: "Garden", completed: 0, total: 2 }]);
  t.match((await get(`convoys?id=${convoy.id}`)).body, { id: convoy.id, tracked: [{ id: gate }, { id: paint }] });
  t.match((await get("convoys?status=closed")).body, []);
  t.same((await get("agents")).body, []);
  t.match((await get("beads?ready=1")).body, { total: 1, beads: [{ id: gate, priority: 1 }] });
  t.match((await get("beads?all=1&type=task&limit=2")).body, { total: 3, beads: { length: 2 } });
  t.match((await get("beads?labels=garden")).body, { total: 1, beads: [{ id: gate }] });
  t.match((await get(`beads?id=${paint}`)).body, [{ id: paint, is_blocked: true, dependencies: [{ id: gate }] }]);
  const { body } = await get("metrics?days=3");
  t.match(body.beads, { by_status: { open: Number, closed: 1 }, by_priority: { 1: Number }, ready: 1 });
  t.same(body.days.at(-1), new Date(clock.now()).toISOString().slice(0, 10));
  t.equal(body.closed_per_day.at(-1), 1);
  t.equal(body.created_per_day.length, 3);
});

t.test("R7.3 for the shared token and for operators who may read; bad questions are named", async (t) => {
  const { get, server } = await served(t);
  t.match(await server.inject({ url: "/api/dashboard/overview" }), { statusCode: 401 });
  t.match(await server.inject({ url: "/api/dashboard/events" }), { statusCode: 401 });
  t.match(await get("overview", "wrong"), { status: 401, body: { error: { code: "UNAUTHORIZED" } } });
  t.match(await get("beads", "token-of-r"), { status: 200 });
  t.match(await get("beads", "token-of-t"), { status: 401 }, "a scope that does not read");
  for (const [path, message] of [
    ["beads?colour=red", /^colour: no such parameter; there are: all, assignee/],
    ["beads?limit=many", /^limit: expected a whole number up to 1000, got many/],
    ["beads?all=perhaps", /^all: expected 1 or 0/],
    ["overview?all=1", /no such parameter; there are: none/],
    ["events?since=x", /expected the id of an event, got x/],
  ] as const) {
    t.match(await get(path), { status: 400, body: { error: { code: "INPUT_INVALID", message } } }, path);
  }
  t.match(await get("beads?id=hq-none"), { status: 404, body: { error: { code: "BEAD_UNKNOWN" } } });
});

interface Heard {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: { readonly noun?: string; readonly id?: string; readonly kind?: string };
}

t.test("changes are pushed; who comes back hears what was missed, or that it is too much", async (t) => {
  const { add, server, events, clock, store } = await served(t);
  await server.listen({ port: 0, host: "127.0.0.1" });
  const { port } = server.server.address() as AddressInfo;
  const listen = (lastId?: string) => {
    const heard: Heard[] = [];
    const waiting: (() => void)[] = [];
    const headers = { authorization: `Bearer ${SECRET}`, ...(lastId === undefined ? {} : { "last-event-id": lastId }) };
    let text = "";
    const client = request({ port, host: "127.0.0.1", path: "/api/dashboard/events", headers }, (response) => {
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const lines = text.slice(0, end).split("\n");
          text = text.slice(end + 2);
          const of = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
          const data = of("data");
          if (data === undefined) heard.push({ event: "comment", id: undefined, data: {} });
          else heard.push({ event: of("event") ?? "", id: of("id"), data: JSON.parse(data) });
        }
        for (const resolve of waiting.splice(0)) resolve();
      });
      response.on("error", () => {});
      for (const resolve of waiting.splice(0)) resolve();
    });
    client.on("error", () => {});
    client.end();
    t.teardown(() => client.destroy());
    const until = async (count: number) => {
      while (heard.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
      return heard;
    };
    const opened = new Promise<void>((resolve) => client.on("response", () => resolve()));
    return { client, until, opened };
  };
  const first = listen("0");
  await first.opened;
  const gate = await add({ title: "Fix the gate" });
  t.match(await first.until(1), [{ event: "change", id: String, data: { noun: "beads", id: gate, kind: "created" } }]);
  events.emit("changed", { noun: "rigs", id: "shop", kind: "added", at: 1 });
  t.match((await first.until(2))[1], { event: "change", id: undefined, data: { noun: "rigs", id: "shop" } });
  await clock.advance(30_000);
  t.match((await first.until(3))[2], { event: "comment" });
  const seen = (await first.until(1))[0]?.id ?? "";
  first.client.destroy();
  const missed = await add({ title: "Missed" });
  const second = listen(seen);
  t.match(await second.until(1), [{ data: { id: missed } }]);
  const third = listen("999999");
  t.match(await third.until(1), [{ event: "reset" }], "an id that is none of ours");
  for (let i = 0; i < 3; i++) {
    await store.commit(() => {
      for (let n = 0; n < 400; n++) {
        store.run("INSERT INTO bead_events (id, at, who, kind, body) VALUES (?, 1, 'x', 'updated', '{}')", gate);
      }
    });
  }
  t.match(await listen(seen).until(1), [{ event: "reset" }], "more than a page would want");
});
