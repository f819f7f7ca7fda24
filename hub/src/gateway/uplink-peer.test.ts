import path from "node:path";
import { generateIdentity } from "@barnacle/protocol/identity";
import { silentLog, systemClock } from "@barnacle/protocol/runtime";
import { Uplink, type UplinkOptions, type UplinkStatus } from "@barnacle/protocol/uplink";
import t, { type Test } from "tap";
import type { ChatEvent, RunRequest } from "../services.ts";
import { operator, type TestGateway, TOKEN, testGateway } from "./testing.ts";

/** A node that joins our own gateway with OpenClaw's published client, as it would join any other. */
function joiner(t: Test, hub: TestGateway, patch: Partial<UplinkOptions> = {}) {
  const executed: unknown[] = [];
  const said: string[] = [];
  const words: (readonly string[])[] = [];
  const statuses: UplinkStatus[] = [];
  const uplink = new Uplink({
    url: hub.url,
    directory: path.join(t.testdir(), "uplink"),
    identity: generateIdentity(),
    secret: { token: TOKEN },
    about: { displayName: "Kitchen", version: "0.1.0", platform: "linux", deviceFamily: "Linux" },
    offer: () => ({ caps: ["gpio", "talk"], commands: ["gpio.write"] }),
    ...{ sessionKey: "kitchen", askAs: "transcript", talk: false, patienceMs: 20_000 },
    execute: async (request) => {
      executed.push(request);
      const { commandId, idempotencyKey } = request;
      return {
        commandId,
        idempotencyKey,
        ok: true,
        payload: { pin: 1 },
        duplicate: false,
        startedAt: 1,
        durationMs: 1,
      };
    },
    mouth: { say: async (sentence) => void said.push(sentence), hush: () => {} },
    wakeWords: async (list) => {
      words.push(list);
      return ["abracadabra"];
    },
    hostStats: async () => ({ cpuCount: 2, memoryTotalBytes: 2, memoryFreeBytes: 1 }),
    clock: systemClock,
    log: silentLog,
    ...patch,
  });
  uplink.events.on("status", (status) => statuses.push(status));
  t.teardown(() => uplink.stop());
  const until = (fits: (status: UplinkStatus) => boolean): Promise<UplinkStatus> =>
    new Promise((resolve) => {
      if (fits(uplink.status)) resolve(uplink.status);
      uplink.events.on("status", (status) => fits(status) && resolve(status));
    });
  return { uplink, executed, said, words, statuses, until };
}

function chatOf({ runId, sessionKey }: RunRequest, state: ChatEvent["state"], text?: string): ChatEvent {
  const message = { role: "assistant" as const, content: [{ type: "text" as const, text: text ?? "" }], timestamp: 1 };
  return {
    ...{ runId, sessionKey, agentId: "main", seq: 1, state },
    ...(text === undefined ? { errorMessage: "no model" } : { message }),
  };
}

t.test("a node joins by today's client, is approved, obeys, asks and speaks the answer", async (t) => {
  const hub = await testGateway(t);
  const { uplink, executed, said, words, until } = joiner(t, hub);
  await uplink.start();
  const { surface } = await until((status) => status.surface !== undefined);
  t.match(surface, { requestId: String, command: `barnacle devices approve ${surface?.requestId}` });
  const client = await operator(t, hub);
  const nodeId = uplink.status.deviceId;
  await client.call("node.pair.approve", { requestId: surface?.requestId });
  t.match(hub.devices.get(nodeId), { online: true, transport: "websocket", approvalState: "approved" });
  t.same(words[0], ["hey jarvis"]);
  t.match(uplink.status, { state: "online", protocol: 4, unknownWakeWords: ["abracadabra"] });

  const result = await hub.wsLink.send(nodeId, {
    ...{ commandId: "c1", command: "gpio.write", params: { pin: 1 }, idempotencyKey: "k", timeoutMs: 5000 },
  });
  t.match(result, { ok: true, payload: { pin: 1 } });
  t.match(executed, [{ command: "gpio.write", params: { pin: 1 }, idempotencyKey: /:k$/ }]);

  const started = new Promise<RunRequest>((resolve) => {
    hub.runs.answer = async (request) => {
      resolve(request);
      return {};
    };
  });
  const told = uplink.converse("is it warm", "q1");
  const run = await started;
  t.match(run, { message: "is it warm", sessionKey: "agent:main:kitchen", source: "voice" });
  hub.runs.events.emit("chat", chatOf(run, "delta", "It is *warm*. And"));
  hub.runs.events.emit("chat", chatOf(run, "final", "It is *warm*. And dry."));
  t.same(await told, { ending: "spoken", said: ["It is warm.", "And dry."] });
  t.same(said, ["It is warm.", "And dry."]);
});

t.test("a request without thinking, an error that is said aloud, and a second session for Talk", async (t) => {
  const hub = await testGateway(t);
  const { uplink, said, until } = joiner(t, hub, { askAs: "request", talk: true });
  await uplink.start();
  await until((status) => status.state === "online");
  const started = new Promise<RunRequest>((resolve) => {
    hub.runs.answer = async (request) => {
      resolve(request);
      return {};
    };
  });
  const told = uplink.converse("is it warm", "q1");
  const run = await started;
  t.match(run, { thinking: "off", deliver: false, sessionKey: "agent:main:kitchen" });
  hub.runs.events.emit("chat", chatOf(run, "error"));
  t.match(await told, { ending: "failed", problem: "no model" });
  t.same(said, ["Sorry, that went wrong."]);
  const { deviceId } = uplink.status;
  await until((status) => status.talk === "online");
  while (!hub.devices.get(deviceId)?.roles.includes("operator")) await new Promise(setImmediate);
  t.match(hub.devices.get(deviceId)?.roles, ["node", "operator"]);
});
