import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { BarnacleError } from "@barnacle/protocol/errors";
import { generateIdentity, parseMqttPassword, verifyMqttProof } from "@barnacle/protocol/identity";
import { encode, prefixFor, topicFor } from "@barnacle/protocol/mqtt";
import { FakeClock, seededRandom, silentLog, systemClock } from "@barnacle/protocol/runtime";
import type { CapabilityManifest } from "@barnacle/protocol/schema";
import { Aedes } from "aedes";
import t, { type Test } from "tap";
import type { HubAddress, Membership } from "../pairing/index.ts";
import { openDatabase, Settings } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { Backoff, Link, type LinkState, type OpenSession } from "./index.ts";

const manifest: CapabilityManifest = {
  name: "Kitchen",
  platform: "linux",
  agentVersion: "1",
  capabilities: [],
  commands: [],
  appliances: [],
};

interface Seen {
  readonly topic: string;
  readonly json: { id: string; body: Record<string, unknown> };
  readonly retain: boolean;
}

/** A real broker that admits whom the test says, and keeps what it saw. */
async function broker(t: Test) {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const seen: Seen[] = [];
  const passwords: string[] = [];
  const gate = { open: true };
  aedes.authenticate = (_client, _user, password, done) => {
    passwords.push(String(password));
    if (gate.open) done(null, true);
    else done(Object.assign(new Error("not paired"), { returnCode: 5 }) as never, null);
  };
  aedes.on("publish", (packet, client) => {
    if (client || packet.topic.endsWith("/state"))
      seen.push({ topic: packet.topic, json: JSON.parse(packet.payload.toString()), retain: packet.retain });
  });
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
  });
  const port = (server.address() as AddressInfo).port;
  const publish = (topic: string, payload: Buffer | string): Promise<void> =>
    new Promise((resolve, reject) => {
      const packet = { cmd: "publish", topic, payload, qos: 1, retain: false, dup: false } as const;
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { port, seen, passwords, gate, publish, cut };
}

function node(
  t: Test,
  options: { address?: HubAddress; membership?: Partial<Membership>; open?: OpenSession; clock?: FakeClock },
) {
  const identity = generateIdentity();
  const db = openDatabase(t.testdir({}));
  const settings = new Settings(db);
  const counters = new Counters();
  const asked: string[] = [];
  const address = options.address ?? { site: "home", host: "127.0.0.1", port: 1, tls: false };
  const membership: Membership = {
    known: () => address,
    join: async () => {
      asked.push("join");
      return address;
    },
    refresh: async () => {
      asked.push("refresh");
    },
    ...options.membership,
  };
  const link = new Link({
    identity,
    agentVersion: "1",
    membership,
    settings,
    counters,
    clock: options.clock ?? systemClock,
    random: { ...seededRandom(1), unit: () => 0.01 },
    log: silentLog,
    manifest: () => manifest,
    ...(options.open ? { open: options.open } : {}),
  });
  const states: LinkState[] = [];
  link.events.on("state", ({ state }) => states.push(state));
  t.teardown(async () => {
    await link.stop();
    db.close();
  });
  const place = { site: "home", node: identity.deviceId };
  return { link, identity, counters, asked, states, place, settings };
}

/** A condition of a real socket; the limit is the test's own time-out. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

t.test("it connects with a proof, announces itself, and says farewell", async (t) => {
  const { port, seen, passwords } = await broker(t);
  const { link, identity, place, states } = node(t, { address: { site: "home", host: "127.0.0.1", port, tls: false } });
  await link.start();
  await until(() => link.connected);
  const proof = parseMqttPassword(passwords[0] as string);
  t.ok(verifyMqttProof(proof, "home", identity.deviceId, identity.publicKey));
  const birth = seen.find(({ topic }) => topic === topicFor(place, "state"));
  t.match(birth, { retain: true, json: { body: { status: "online", incarnation: proof.incarnation } } });
  t.match(seen.find(({ topic }) => topic === topicFor(place, "caps"))?.json.body, { name: "Kitchen" });
  await link.stop();
  t.match(seen.at(-1)?.json.body, { status: "offline", reason: "stopping", incarnation: proof.incarnation });
  t.same(states, ["connecting", "online", "off"]);
});

t.test("after a cut it returns with a larger incarnation, and the will names the old one", async (t) => {
  const { port, seen, passwords, cut } = await broker(t);
  const { link, place } = node(t, { address: { site: "home", host: "127.0.0.1", port, tls: false } });
  await link.start();
  await until(() => link.connected);
  cut();
  await until(() => passwords.length === 2 && link.connected);
  const [first, second] = passwords.map((password) => parseMqttPassword(password).incarnation) as [number, number];
  t.ok(second > first);
  const will = seen.find(({ topic, json }) => topic === topicFor(place, "state") && json.body.status === "offline");
  t.match(will?.json.body, { incarnation: first, reason: "lost" });
});

t.test("messages from the hub come out decoded; malformed ones are counted and harm nothing", async (t) => {
  const { port, publish } = await broker(t);
  const { link, place, counters } = node(t, { address: { site: "home", host: "127.0.0.1", port, tls: false } });
  const got: unknown[] = [];
  link.events.on("reply", (message) => got.push(message.body));
  link.events.on("ack", () => {
    throw new BarnacleError("INTERNAL", "a listener that fails");
  });
  await link.start();
  await until(() => link.connected);
  const reply = { turnId: "t1", text: "Done.", ok: true };
  await publish(topicFor(place, "reply", "t1"), "not json");
  await publish(topicFor(place, "reply", "t1"), encode("reply", { id: "m0", ts: 1 }, { ...reply, extra: 1 } as never));
  await publish(topicFor(place, "ack"), encode("ack", { id: "m1", ts: 1000 }, { ids: ["t1"] }));
  await publish(topicFor(place, "reply", "t1"), encode("reply", { id: "m2", ts: 900, exp: 950 }, reply));
  await publish(topicFor(place, "reply", "t1"), encode("reply", { id: "m3", ts: 5000, exp: 6000 }, reply));
  await until(() => got.length === 2);
  t.match(got, [reply, reply]);
  t.equal(counters.get("malformed"), 1);
  t.equal(counters.get("expired"), 1, "expiry is judged by the hub's own stamps");
  t.ok(link.connected);
});

t.test("a message is acknowledged by the broker, and refused while there is no connection", async (t) => {
  const { port, seen } = await broker(t);
  const { link, place } = node(t, { address: { site: "home", host: "127.0.0.1", port, tls: false } });
  await t.rejects(link.publish("notice", { kind: "x", at: 1, data: {} }), { code: "HUB_UNREACHABLE" });
  await link.announce();
  await link.start();
  await until(() => link.connected);
  await link.publish("notice", { kind: "x", at: 1, data: {} }, { message: "n1" });
  await link.announce();
  t.match(seen.at(-2), { topic: `${prefixFor(place)}event/notice`, json: { id: "n1" } });
  t.equal(seen.at(-1)?.topic, topicFor(place, "caps"));
});

t.test(
  "a command that the hub sends on hearing of the node is answered before the announcement is through",
  async (t) => {
    const request = { commandId: "c1", command: "gpio.write", params: {}, idempotencyKey: "k1", timeoutMs: 1000 };
    const result = { commandId: "c1", idempotencyKey: "k1", ok: true, duplicate: true, startedAt: 1, durationMs: 1 };
    const published: string[] = [];
    let answered: Promise<void> | undefined;
    const open: OpenSession = async ({ message }) => {
      let end = (_: string): void => {};
      const closed = new Promise<string>((resolve) => {
        end = resolve;
      });
      const publish = async (topic: string): Promise<void> => {
        published.push(topic);
        if (published.length > 1) return;
        message(topicFor(place, "command", "c1"), encode("command", { id: "m1", ts: 1 }, request));
        await answered;
      };
      return { closed, publish, subscribe: async () => {}, end: async () => end("ended") };
    };
    const { link, place } = node(t, { open });
    link.events.on("command", ({ body }) => {
      t.notOk(link.connected);
      answered = link.publish("result", result, { topic: body.commandId });
    });
    await link.start();
    await until(() => link.connected);
    t.same(published, [topicFor(place, "state"), topicFor(place, "result", "c1"), topicFor(place, "caps")]);
  },
);

t.test("a refused proof makes it ask the hub why, then try again", async (t) => {
  const { port, gate } = await broker(t);
  gate.open = false;
  const { link, asked } = node(t, { address: { site: "home", host: "127.0.0.1", port, tls: false } });
  await link.start();
  await until(() => asked.includes("join"));
  gate.open = true;
  await until(() => link.connected);
});

t.test("an unpaired node pairs first; an unreachable broker makes it look for a new address", async (t) => {
  let known: HubAddress | undefined;
  const address = { site: "home", host: "127.0.0.1", port: 1, tls: false };
  const asked: string[] = [];
  const { link } = node(t, {
    membership: {
      known: () => known,
      join: async () => {
        asked.push("join");
        known = address;
        return address;
      },
      refresh: async () => {
        asked.push("refresh");
        throw new BarnacleError("HUB_UNREACHABLE", "HTTP is away, too");
      },
    },
  });
  await link.start();
  await until(() => asked.includes("refresh"));
  t.equal(asked[0], "join");
});

t.test("pauses grow while it fails and start small again after a calm while", async (t) => {
  const clock = new FakeClock();
  let attempts = 0;
  let drop = (_: string): void => {};
  let answering = false;
  const open: OpenSession = async () => {
    attempts += 1;
    if (!answering) throw new BarnacleError("HUB_UNREACHABLE", "nobody there");
    const closed = new Promise<string>((resolve) => {
      drop = resolve;
    });
    return { closed, publish: async () => {}, subscribe: async () => {}, end: async () => drop("ended") };
  };
  // Jitter 0.01: pauses of 10, 20, 40 … ms.
  const { link } = node(t, { open, clock });
  await link.start();
  const at: number[] = [];
  for (let known = 0; known < 4; ) {
    await clock.advance(1);
    if (attempts > known) {
      known = attempts;
      at.push(clock.monotonic());
    }
  }
  const gaps = at.slice(1).map((time, i) => time - (at[i] as number));
  t.ok((gaps[1] as number) > (gaps[0] as number) && (gaps[2] as number) > (gaps[1] as number), `gaps ${gaps}`);
  answering = true;
  await clock.advance(200);
  t.ok(link.connected);
  await clock.advance(11_000);
  const before = attempts;
  drop("cut");
  for (let ms = 0; ms < 15; ms++) await clock.advance(1);
  t.equal(attempts, before + 1, "the first pause after a calm while is the shortest one again");
});

t.test("back-off has full jitter and a ceiling of 15 seconds", async (t) => {
  const backoff = new Backoff({ ...seededRandom(1), unit: () => 0.999_999 });
  t.same(
    Array.from({ length: 6 }, () => backoff.next()),
    [1000, 2000, 4000, 8000, 15_000, 15_000],
  );
  backoff.reset();
  t.equal(backoff.next(), 1000);
  t.equal(new Backoff({ ...seededRandom(1), unit: () => 0 }).next(), 0);
});

t.test("incarnations grow even when the clock is set back", async (t) => {
  const clock = new FakeClock(5000);
  const seen: number[] = [];
  const open: OpenSession = async ({ password }) => {
    seen.push(parseMqttPassword(password).incarnation);
    throw new BarnacleError("HUB_UNREACHABLE", "nobody there");
  };
  const { link } = node(t, { open, clock });
  await link.start();
  await clock.advance(5);
  clock.jumpTo(10);
  while (seen.length < 2) await clock.advance(5);
  t.same(seen, [5000, 5001]);
});
