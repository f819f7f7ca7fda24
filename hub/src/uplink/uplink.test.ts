import { BarnacleError } from "@barnacle/protocol/errors";
import { seededRandom, silentLog, systemClock } from "@barnacle/protocol/runtime";
import { readStatuses } from "@barnacle/protocol/uplink";
import { Value } from "@sinclair/typebox/value";
import t, { type Test } from "tap";
import type { Ask, Output } from "../agent/responder.ts";
import { UplinkConfig } from "../config/uplink.ts";
import { connectNode, manifestOf, pairedNode, testRegistry } from "../devices/testing.ts";
import { FakeCommands, operator, outcome, type TestGateway, TOKEN, testGateway } from "../gateway/testing.ts";
import type { RunRequest } from "../services.ts";
import { StoredWakeWords } from "../wakewords/index.ts";
import { HubUplink } from "./hub-uplink.ts";

/** A hub's parts whose nodes join `there`, which is another hub's real gateway. */
async function joining(t: Test, there: TestGateway, patch: Partial<UplinkConfig> = {}) {
  const registry = await testRegistry(t);
  const commands = new FakeCommands();
  const wakeWords = new StoredWakeWords({ store: registry.store, clock: registry.clock, initial: ["hey jarvis"] });
  await wakeWords.start();
  const directory = t.testdir();
  const defaults = Value.Default(UplinkConfig, {}) as UplinkConfig;
  const config = { ...defaults, url: there.url, token: TOKEN, ...patch };
  const uplink = new HubUplink({
    ...{ config, directory, hubVersion: "0.1.0", devices: registry.devices, commands, wakeWords },
    ...{ clock: systemClock, random: seededRandom(5), log: silentLog },
  });
  t.teardown(() => uplink.stop());
  const node = async (name: string, room: string) => {
    const identity = await pairedNode(registry.devices, name);
    await registry.devices.setRoom(identity.deviceId, room);
    const join = () => connectNode(registry.devices, identity, 1, manifestOf({ name, room }));
    return { deviceId: identity.deviceId, join };
  };
  return { ...registry, commands, wakeWords, uplink, node, directory };
}

/** Waits for something that real sockets bring about. */
async function until<T>(probe: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const online = (there: TestGateway) => there.devices.list().filter((device) => device.online);

function ask(message: string, room: string, signal = new AbortController().signal): Ask {
  return {
    ...{ runId: `run-${message}`, sessionKey: "agent:main:main", source: "chat", room, message, signal },
    principal: { kind: "operator", id: "anna" },
    ...{ attachments: [], notes: [], history: () => [], agent: {} as Ask["agent"] },
  };
}

function output() {
  const heard: string[] = [];
  const out: Output = { text: (delta) => heard.push(delta), tool() {}, model() {}, record: async () => {} };
  return { heard, out };
}

t.test("every node is a node there while it is connected here; orders go through the one door", async (t) => {
  const there = await testGateway(t, { nodeCommands: "with-device" });
  const here = await joining(t, there, { deny: ["talk.*"], rooms: ["kitchen", "hall"] });
  const kitchen = await here.node("Kitchen", "kitchen");
  const hall = await here.node("Hall", "hall");
  const attic = await here.node("Attic", "attic");
  await kitchen.join();
  await here.uplink.start();
  await until(() => online(there).length === 1);
  await Promise.all([hall.join(), attic.join()]);
  await until(() => online(there).length === 2);
  t.match(online(there), [
    { displayName: "Kitchen", platform: "linux", manifest: { commands: [{ name: "gpio.write" }] } },
    { displayName: "Hall" },
  ]);
  t.notMatch(online(there)[0]?.deviceId, kitchen.deviceId, "with a key of its own");
  t.same(here.wakeWords.get(), ["hey jarvis"]);

  here.commands.answer = async (call) => outcome(call, { value: 1 });
  const [far] = online(there);
  const order = { commandId: "c1", command: "gpio.write", params: { pin: 1 }, idempotencyKey: "k", timeoutMs: 5000 };
  t.match(await there.wsLink.send(far?.deviceId ?? "", order), { ok: true, payload: { value: 1 } });
  t.match(here.commands.calls, [
    {
      ...{ deviceId: kitchen.deviceId, command: "gpio.write", params: { pin: 1 }, idempotencyKey: /:k$/ },
      principal: { kind: "operator", id: /^uplink:127/, scopes: ["operator.write"] },
    },
  ]);
  here.commands.answer = () => Promise.reject(new BarnacleError("POLICY_DENIED", "rule x forbids it"));
  t.match(await there.wsLink.send(far?.deviceId ?? "", { ...order, commandId: "c2", idempotencyKey: "k2" }), {
    ...{ ok: false, error: { code: "POLICY_DENIED", message: /rule x/ } },
  });
  t.match(await there.wsLink.send(far?.deviceId ?? "", { ...order, commandId: "c3", command: "talk.speak" }), {
    error: { code: "POLICY_DENIED", message: /not offered/ },
  });
  t.equal(here.commands.calls.length, 2);

  await there.wakeWords.set(["alexa"]);
  await until(() => here.wakeWords.get()[0] === "alexa");
  await here.devices.disconnected(hall.deviceId, undefined, "gone");
  await until(() => online(there).length === 1);
  await here.uplink.stop();
  await until(() => online(there).length === 0);
});

t.test("what waits to be approved there is on record here, and works once it is approved", async (t) => {
  const there = await testGateway(t);
  const here = await joining(t, there);
  await (await here.node("Kitchen", "kitchen")).join();
  await here.uplink.start();
  const { surface } = await until(() => here.uplink.statuses().find((status) => status.surface));
  const [folder = ""] = here.devices.list().map(({ deviceId }) => deviceId.slice(0, 16));
  t.match(readStatuses(`${here.directory}/${folder}`), [{ name: "Kitchen", surface }]);
  const client = await operator(t, there);
  await client.call("node.pair.approve", { requestId: surface?.requestId });
  t.match(online(there), [{ approvalState: "approved" }]);
});

t.test("the gateway's agent answers what is asked here, and its silence and failures have names", async (t) => {
  const there = await testGateway(t, { nodeCommands: "with-device" });
  const here = await joining(t, there, { replyMs: 1000 });
  await t.rejects(here.uplink.respond(ask("early", "kitchen"), output().out), { code: "HUB_UNREACHABLE" });
  await (await here.node("Kitchen", "kitchen")).join();
  await here.uplink.start();
  await until(() => here.uplink.statuses().find(({ state, surface }) => state === "online" && !surface));
  const say = (request: RunRequest, state: "delta" | "final" | "error", text = "") => {
    const { runId, sessionKey } = request;
    const message = { role: "assistant" as const, content: [{ type: "text" as const, text }], timestamp: 1 };
    const more = state === "error" ? { errorMessage: "no model" } : { message };
    there.runs.events.emit("chat", { runId, sessionKey, agentId: "main", seq: 1, state, ...more });
  };
  there.runs.answer = async (request) => {
    setImmediate(() => {
      if (request.message.startsWith("silence")) return;
      if (request.message === "failure") return say(request, "error");
      say(request, "delta", "It is");
      say(request, "final", "It is **warm**.");
    });
    return {};
  };
  const { heard, out } = output();
  t.match(await here.uplink.respond(ask("warm?", "kitchen"), out), { text: "It is **warm**.", stopReason: "stop" });
  t.equal(heard.join(""), "It is **warm**.");
  t.match(there.runs.requests[0], {
    message: "warm?",
    sessionKey: "agent:main:barnacle-agent-main-main",
    thinking: "off",
  });
  await t.rejects(here.uplink.respond(ask("failure", "kitchen"), output().out), {
    code: "LLM_REFUSED",
    message: /no model/,
  });
  await t.rejects(here.uplink.respond(ask("silence", "hall"), output().out), { code: "TIMEOUT" });
  const abort = new AbortController();
  const stopped = here.uplink.respond(ask("silence again", "kitchen", abort.signal), output().out);
  await until(() => there.runs.requests.length === 4);
  abort.abort();
  t.match(await stopped, { stopReason: "aborted" });
});
