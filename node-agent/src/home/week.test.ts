import { BarnacleError } from "@barnacle/protocol/errors";
import { generateIdentity } from "@barnacle/protocol/identity";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { Link, type Session } from "../link/index.ts";
import { Outbox } from "../outbox/index.ts";
import { openDatabase, Settings } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";

const DAYS = 7;
const DAY_MS = 24 * 3600 * 1000;
const manifest = { name: "K", platform: "linux", agentVersion: "1", capabilities: [], commands: [], appliances: [] };

t.test(
  "a hub that is away for a week: tried for all the time, the card spared, and every event told once in order",
  async (t) => {
    const clock = new FakeClock();
    const db = openDatabase(t.testdir({}));
    const settings = new Settings(db);
    const counters = new Counters();
    const hub = { away: true, attempts: 0, incarnations: [] as number[] };
    const told: string[] = [];
    const address = { site: "home", host: "hub", port: 1, tls: false };
    const over = Promise.withResolvers<string>();
    const session: Session = {
      closed: over.promise,
      publish: async (topic, payload) => {
        if (!topic.endsWith("/event/notice")) return;
        const { id } = JSON.parse(payload.toString()) as { id: string };
        told.push(id);
        queueMicrotask(() => outbox.acknowledge([id]));
      },
      subscribe: async () => {},
      end: async () => over.resolve("ended"),
    };
    const link = new Link({
      ...{ identity: generateIdentity(), agentVersion: "1", settings, counters, clock, log: silentLog },
      membership: { known: () => address, join: async () => address, refresh: async () => {} },
      random: seededRandom(2),
      manifest: () => manifest,
      open: async () => {
        hub.attempts += 1;
        if (hub.away) throw new BarnacleError("HUB_UNREACHABLE", "no route to host");
        return session;
      },
    });
    const outbox = new Outbox({
      ...{ db, clock, counters, log: silentLog },
      connected: () => link.connected,
      send: (kind, id, body) => link.publish(kind, body, { message: id }),
    });
    const changes = (): number => Number(db.prepare("SELECT total_changes() AS n").get()?.n);
    await outbox.start();
    await link.start();
    const before = changes();
    for (let day = 0; day < DAYS; day++) {
      outbox.put("notice", `day-${day}`, { kind: "gpio.edge", at: clock.now(), data: {} });
      await clock.advance(DAY_MS);
    }
    t.ok(hub.attempts > 7 * 24 * 60, `${hub.attempts} attempts: never given up, at most 15 s apart`);
    // One row an hour for the numbers of connections; one for each waiting event and hour for its age.
    t.ok(changes() - before < 7 * 24 * 8 + 20, `${changes() - before} rows written in a week`);
    t.equal(outbox.size, 7, "nothing expired");
    hub.away = false;
    await clock.advance(20_000);
    t.ok(link.connected);
    t.same(
      told,
      Array.from({ length: 7 }, (_, day) => `day-${day}`),
    );
    await clock.advance(60_000);
    t.equal(told.length, 7, "each once");
    await link.stop();
    await outbox.stop();
    db.close();
  },
);
