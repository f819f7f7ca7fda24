import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { mqttPassword } from "@barnacle/protocol/identity";
import { encode } from "@barnacle/protocol/mqtt";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import type { CommandRequest, CommandResult } from "@barnacle/protocol/schema";
import t from "tap";
import { manifestOf, pairedNode, SITE } from "../devices/testing.ts";
import { fakeHousehold } from "../gateway/testing.ts";
import type { Household, WakeWords } from "../services.ts";
import { MqttMessenger } from "./messenger.ts";
import { MqttLink } from "./mqtt-link.ts";
import { Peer, type TestBroker, testBroker, turnReport, until, willOf } from "./testing.ts";

function request(commandId: string, timeoutMs = 30_000): CommandRequest {
  return {
    commandId,
    command: "gpio.write",
    params: { line: 17, value: true },
    idempotencyKey: `k-${commandId}`,
    timeoutMs,
  };
}

function result(commandId: string): CommandResult {
  return {
    ...{ commandId, idempotencyKey: `k-${commandId}`, ok: true, payload: { value: true } },
    ...{ duplicate: false, startedAt: 1, durationMs: 2 },
  };
}

async function linked(t: { teardown(fn: () => unknown): void }) {
  const hub = await testBroker(t);
  const link = new MqttLink({ broker: hub.broker, clock: hub.clock, log: silentLog });
  await link.start();
  t.teardown(() => link.stop());
  return { hub, link, identity: await pairedNode(hub.devices) };
}

async function nodeOf(
  t: { teardown(fn: () => unknown): void },
  hub: TestBroker,
  identity: Peer["identity"],
  incarnation = 1,
) {
  const peer = new Peer(t, hub.broker.port, identity, incarnation);
  await peer.admitted();
  await peer.subscribe("command", "reply", "ack", "config");
  await peer.birth(incarnation);
  return peer;
}

t.test("a command goes out and its result comes back", async (t) => {
  const { hub, link, identity } = await linked(t);
  await t.rejects(link.send(identity.deviceId, request("c0")), { code: "DEVICE_OFFLINE" });
  const peer = await nodeOf(t, hub, identity);
  t.ok(link.isConnected(identity.deviceId));
  const answer = link.send(identity.deviceId, request("c1"));
  t.equal(link.send(identity.deviceId, request("c1")), answer, "asked again, it is the same command");
  t.match(await peer.message(peer.topic("command", "c1")), { body: request("c1"), retain: false });
  await peer.publish("result", "r1", result("c1"), "c1");
  t.match(await answer, result("c1"));
});

t.test("a command is sent again to a node that returns before the deadline, with the time that is left", async (t) => {
  const { hub, link, identity } = await linked(t);
  const first = await nodeOf(t, hub, identity, 1);
  const answer = link.send(identity.deviceId, request("c1", 10_000));
  await first.message(first.topic("command", "c1"));
  first.client.stream.destroy();
  await until(() => !link.isConnected(identity.deviceId));
  await hub.clock.advance(4_000);
  const second = await nodeOf(t, hub, identity, 2);
  t.match((await second.message(second.topic("command", "c1"))).body, { timeoutMs: 6_000, idempotencyKey: "k-c1" });
  await second.publish("result", "r1", { ...result("c1"), duplicate: true }, "c1");
  t.equal((await answer).duplicate, true);
});

t.test("no answer in time is a time-out that says what state the device is in; what comes later is told", async (t) => {
  const { hub, link, identity } = await linked(t);
  const peer = await nodeOf(t, hub, identity);
  const late: unknown[] = [];
  link.events.on("late", (event) => late.push(event));
  const answer = link.send(identity.deviceId, request("c1", 5_000));
  const refused = t.rejects(answer, {
    code: "COMMAND_TIMEOUT",
    message: /connected but did not answer within 5000 ms/,
  });
  await hub.clock.advance(5_000);
  await refused;
  await peer.publish("result", "r1", result("c1"), "c1");
  t.match(late, [{ deviceId: identity.deviceId, result: { commandId: "c1" } }]);
});

t.test("one node cannot answer for another, and a kick ends what is under way", async (t) => {
  const { hub, link, identity } = await linked(t);
  const other = await pairedNode(hub.devices, "Other");
  await nodeOf(t, hub, identity);
  const liar = await nodeOf(t, hub, other);
  const answer = link.send(identity.deviceId, request("c1"));
  await liar.publish("result", "r1", { ...result("c1"), payload: { forged: true } }, "c1");
  const refused = t.rejects(answer, { code: "DEVICE_OFFLINE", message: /blocked/ });
  link.kick(identity.deviceId, "blocked");
  await refused;
  const stopped = t.rejects(link.send(other.deviceId, request("c2")), { code: "HUB_STOPPING" });
  await link.stop();
  await stopped;
});

t.test("config goes to every node after its birth, and again when something in it changes", async (t) => {
  const { hub, identity } = await linked(t);
  const household: Household = fakeHousehold();
  let words = ["hey jarvis"];
  const wakeWords: WakeWords = { events: new Events(), get: () => words, set: async () => words };
  const messenger = new MqttMessenger({
    ...{ broker: hub.broker, devices: hub.devices, household, wakeWords },
    ...{ hubVersion: "0.1.0", clock: hub.clock, log: silentLog },
  });
  await messenger.start();
  t.teardown(() => messenger.stop());
  const peer = await nodeOf(t, hub, identity);
  await peer.publish("caps", "c", manifestOf());
  const configs = () => peer.messages.filter(({ topic }) => topic === peer.topic("config")).map(({ body }) => body);
  await until(() => configs().length === 1);
  t.match(configs()[0], { wakeWords: ["hey jarvis"], room: "kitchen", grammar: { hash: "0123456789abcdef" } });
  household.events.emit("changed", { grammarHash: "same" });
  words = ["alexa"];
  wakeWords.events.emit("changed", { words });
  await hub.devices.setRoom(identity.deviceId, "bedroom");
  await until(() => configs().length === 3);
  t.match(configs()[1], { wakeWords: ["alexa"], room: "kitchen" });
  t.match(configs()[2], { wakeWords: ["alexa"], room: "bedroom" });

  messenger.ack(identity.deviceId, ["t9"]);
  t.match((await peer.message(peer.topic("ack"))).body, { ids: ["t9"] });
  messenger.reply(identity.deviceId, { turnId: "t1", text: "The light is on.", ok: true });
  t.match((await peer.message(peer.topic("reply", "t1"))).body, { text: "The light is on." });

  peer.client.stream.destroy();
  await until(() => !hub.broker.isReady(identity.deviceId));
  messenger.reply(identity.deviceId, { turnId: "t2", text: "too old", ok: true });
  await hub.clock.advance(30_000);
  messenger.reply(identity.deviceId, { turnId: "t3", text: "kept", ok: true });
  const back = await nodeOf(t, hub, identity, 2);
  t.match((await back.message(back.topic("reply", "t3"))).body, { text: "kept" });
  t.notOk(back.messages.some(({ topic }) => topic === back.topic("reply", "t2")));
});

t.test(
  "a node written with mosquitto's own clients works too",
  { skip: !existsSync("/usr/bin/mosquitto_pub") },
  async (t) => {
    const hub = await testBroker(t);
    const identity = await pairedNode(hub.devices);
    const { deviceId } = identity;
    const base = `barnacle/${SITE}/v1/${deviceId}`;
    const login = (incarnation: number) => {
      const password = mqttPassword(identity, SITE, incarnation);
      return [
        "-h",
        "127.0.0.1",
        "-p",
        String(hub.broker.port),
        "-i",
        deviceId,
        "-u",
        deviceId,
        "-P",
        password,
        "-q",
        "1",
      ];
    };
    const turn = encode("turn", { id: "t1", ts: 1 }, turnReport("t1")).toString();
    await promisify(execFile)("mosquitto_pub", [...login(1), "-t", `${base}/turn`, "-m", turn]);
    t.same(
      hub.received.map(([, kind]) => kind),
      ["turn"],
    );
    await t.rejects(
      promisify(execFile)("mosquitto_pub", [...login(1), "-t", `${base}/turn`, "-m", turn]),
      /not authori[sz]ed|bad user/i,
    );
    const will = willOf(identity, 2);
    const last = [
      "--will-topic",
      `${base}/state`,
      "--will-payload",
      String(will?.payload),
      "--will-retain",
      "--will-qos",
      "1",
    ];
    const sub = spawn("mosquitto_sub", [...login(2), ...last, "-t", `${base}/config`, "-C", "1"]);
    let heard = "";
    sub.stdout.on("data", (data: Buffer) => {
      heard += data.toString();
    });
    const ended = new Promise((resolve) => sub.once("close", resolve));
    const config = { hubVersion: "0.1.0", wakeWords: ["hey jarvis"] };
    // It does not say when it has subscribed.
    const again = setInterval(() => void hub.broker.publish(deviceId, "config", undefined, config), 50);
    await ended;
    clearInterval(again);
    t.match(JSON.parse(heard), { v: 1, body: { wakeWords: ["hey jarvis"] } });
  },
);
