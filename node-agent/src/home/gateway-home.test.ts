import { readFileSync } from "node:fs";
import path from "node:path";
import { SAMPLE_RATE } from "@barnacle/hardware/audio";
import { FakePlayer } from "@barnacle/hardware/voice";
import { silentLog, systemClock, systemRandom } from "@barnacle/protocol/runtime";
import type { MakeClient } from "@barnacle/protocol/uplink";
import t, { type Test } from "tap";
import { Agent } from "../agent.ts";
import { resolveConfig } from "../config/index.ts";
import type { NodeEventMap } from "../events.ts";
import { bench } from "../testing/bench.ts";
import { grammarOf } from "./sentences.ts";

const CONFIG = `
name: Kitchen node
room: Living Room
gpio: {driver: fake, lines: [{line: 17}]}
wake: {bargeIn: true}
uplink: {sentences: ["Help!", "stop it."], deny: [audio.*], replyMs: 20000}
`;

type ClientOptions = Parameters<MakeClient>[0];

/** A gateway in the test's hands, behind OpenClaw's client. */
function fakeGateway() {
  const requests: { method: string; params: Record<string, unknown> }[] = [];
  const clients: ClientOptions[] = [];
  const refuse: { surface?: string } = {};
  const make: MakeClient = (options) => {
    clients.push(options);
    return {
      start: () => options.onHelloOk?.({ protocol: 4 } as never),
      stopAndWait: async () => {},
      request: async <T>(method: string, params: unknown) => {
        requests.push({ method, params: params as Record<string, unknown> });
        if (method === "node.runnerInventory.update" && refuse.surface) {
          throw Object.assign(new RangeError(refuse.surface), { gatewayCode: "UNAVAILABLE" });
        }
        return {} as T;
      },
    };
  };
  const told = (event: string) =>
    requests.flatMap(({ method, params }) =>
      method === "node.event" && params.event === event ? [JSON.parse(String(params.payloadJSON))] : [],
    );
  const send = (event: string, payload: unknown) =>
    clients.at(-1)?.onEvent?.({ type: "event", event, payload } as never);
  return { make, requests, clients, refuse, told, send };
}

async function setUp(t: Test, options: { surface?: string; hold?: boolean } = {}) {
  const gateway = fakeGateway();
  if (options.surface) gateway.refuse.surface = options.surface;
  const parts = bench();
  const player = new FakePlayer({ hold: options.hold ?? false });
  const stateDir = t.testdir({ "node.yaml": CONFIG });
  const agent = new Agent({
    config: resolveConfig({ stateDir, uplink: "ws://gateway:1", token: "secret-token" }, {}),
    ...{ setupCode: undefined, clock: systemClock, random: systemRandom, log: silentLog },
    searchPath: () => "/usr/bin:/bin",
    find: async () => ({ ...parts.hardware, player }),
    makeClient: gateway.make,
  });
  const seen: { [K in keyof NodeEventMap]?: NodeEventMap[K][] } = {};
  for (const name of ["reply", "spoken", "state", "turn"] as const) {
    agent.events.on(name, (event) => {
      seen[name] = [...(seen[name] ?? []), event] as never;
    });
  }
  t.teardown(() => agent.stop());
  await agent.start();
  await until(() => gateway.clients.length > 0);
  let orders = 0;
  const order = async (command: string, params: object = {}, key = `k${orders++}`) => {
    const id = `order-${orders++}`;
    gateway.send("node.invoke.request", {
      id,
      nodeId: "n",
      command,
      paramsJSON: JSON.stringify(params),
      idempotencyKey: key,
    });
    return until(
      () => gateway.requests.find((one) => one.method === "node.invoke.result" && one.params.id === id)?.params,
    );
  };
  const speech = new Int16Array(SAMPLE_RATE / 4).fill(3000);
  const hear = () => parts.mic.listener?.frame(speech);
  /** "hey jarvis … help" */
  const say = async () => {
    parts.wakes.at(-1)?.hear();
    const turns = seen.turn?.length ?? 0;
    await until(() => {
      hear();
      return (seen.turn?.length ?? 0) > turns;
    });
  };
  return { ...parts, gateway, agent, seen, order, say, hear, player, stateDir };
}

/** Something that promises bring about; the limit is the test's own time-out. */
async function until<T>(probe: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = probe();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

t.test("a node without a hub offers what it has, obeys at most once, and refuses what it does not offer", async (t) => {
  const { gateway, order, writes, grammars } = await setUp(t);
  t.match(gateway.clients[0], {
    ...{ url: "ws://gateway:1", token: "secret-token", clientDisplayName: "Kitchen node", role: "node" },
    ...{ caps: ["gpio", "talk", "voice", "voiceWake"], permissions: { microphone: true } },
  });
  const commands = gateway.clients[0]?.commands ?? [];
  for (const name of ["gpio.write", "system.notify", "talk.stop", "talk.ptt.once"]) t.ok(commands.includes(name), name);
  t.notOk(commands.some((name) => name.startsWith("audio.")));
  t.match(grammars, [{ jsgf: /= help \| stop it;$/ }]);
  t.match(await order("gpio.write", { pin: 17, level: 1 }, "once"), { ok: true, payloadJSON: '{"pin":17,"level":1}' });
  t.match(await order("gpio.write", { pin: 17, level: 1 }, "once"), { ok: true });
  t.same(writes, ["17=1"]);
  t.match(await order("audio.mute", { muted: true }), {
    ok: false,
    error: { code: "POLICY_DENIED", message: /not offered/ },
  });
  t.match(await order("system.notify", { title: "Post", body: "A parcel." }), {
    ok: true,
    payloadJSON: '{"spoken":true}',
  });
  t.match(await until(() => gateway.told("node.host.stats").length >= 0 && gateway.told("chat.subscribe")[0]), {
    sessionKey: "living-room",
  });
});

t.test("what was said is asked, and the answer spoken while it comes", async (t) => {
  const { gateway, say, seen, synthesiser } = await setUp(t);
  await say();
  const asked = await until(() => gateway.told("voice.transcript")[0]);
  t.match(asked, { text: "help", sessionKey: "living-room", eventId: String });
  const about = { runId: "r1", sessionKey: "agent:main:living-room", seq: 1 };
  gateway.send("chat", {
    ...about,
    state: "delta",
    message: { content: [{ type: "text", text: "*First*. Second sen" }] },
  });
  await until(() => synthesiser.said.length === 1);
  gateway.send("chat", {
    ...about,
    state: "final",
    message: { content: [{ type: "text", text: "*First*. Second sentence." }] },
  });
  await until(() => seen.spoken?.length === 1);
  t.same(synthesiser.said, ["First.", "Second sentence."]);
  t.match(seen.reply, [{ text: "First. Second sentence.", ok: true, late: false }]);
  t.match(seen.spoken, [{ spoken: true, turnId: asked.eventId }]);
});

t.test("the wake phrase ends an answer that is being spoken, and so does talk.stop", async (t) => {
  const { gateway, say, seen, player, wakes, hear, order } = await setUp(t, { hold: true });
  const answer = (runId: string) =>
    gateway.send("chat", { runId, sessionKey: "living-room", state: "final", message: { text: "One. Two. Three." } });
  await say();
  await until(() => gateway.told("voice.transcript").length === 1);
  answer("r1");
  await until(() => player.played.length === 1);
  wakes.at(-1)?.hear();
  await until(() => {
    hear();
    return seen.spoken?.length === 1;
  });
  t.match(seen.spoken, [{ spoken: false }], "cut short");
  await until(() => {
    hear();
    return gateway.told("voice.transcript").length === 2;
  });
  t.pass("and whoever spoke is listened to without another wake phrase");
  answer("r2");
  await until(() => player.played.length === 2);
  t.match(await order("talk.stop"), { payloadJSON: '{"stopped":true}' });
  await until(() => seen.spoken?.length === 2);
  t.equal(player.played.length, 2);
});

t.test(
  "wake words of the gateway are used as far as there are engines; a gate that waits is told and kept",
  async (t) => {
    const surface = "node capability surface is awaiting operator approval; run `openclaw nodes approve ab1`";
    const { gateway, seen, wakes, order, stateDir } = await setUp(t, { surface });
    const waiting = await until(() => seen.state?.find((state) => state.part === "uplink" && state.surface));
    t.match(waiting, { surface: { requestId: "ab1", command: "openclaw nodes approve ab1" } });
    gateway.send("voicewake.changed", { triggers: ["Alexa", "abracadabra", 5] });
    await until(() => wakes.length === 2);
    t.match(await order("wake.status"), { payloadJSON: /"phrases":\["alexa"\]/ });
    await until(() => seen.state?.some((state) => String(state.unknownWakeWords) === "abracadabra"));
    const [file = ""] = (await import("node:fs")).readdirSync(path.join(stateDir, "uplink"));
    t.match(JSON.parse(readFileSync(path.join(stateDir, "uplink", file), "utf8")), {
      ...{ gateway: "ws://gateway:1", surface: { requestId: "ab1" }, unknownWakeWords: ["abracadabra"] },
    });
    t.notMatch(readFileSync(path.join(stateDir, "uplink", file), "utf8"), /secret-token/);
  },
);

t.test("push to talk listens without a wake phrase, ends early, and forgets", async (t) => {
  const { gateway, order, hear, seen } = await setUp(t);
  t.match(await order("talk.start"), { payloadJSON: '{"listening":true}' });
  t.match(await order("talk.ptt.once"), { payloadJSON: '{"listening":false}' }, "busy already");
  hear();
  t.match(await order("talk.ptt.cancel"), { payloadJSON: '{"cancelled":true}' });
  t.match(seen.turn, [{ outcome: "failed", reason: "cancelled" }]);
  t.match(await order("talk.ptt.stop"), { payloadJSON: '{"finished":false}' });
  await order("talk.ptt.start");
  hear();
  t.match(await order("talk.ptt.stop"), { payloadJSON: '{"finished":true}' });
  t.match(await until(() => gateway.told("voice.transcript")[0]), { text: "help" });
});

t.test("sentences become a grammar whatever their spelling", async (t) => {
  t.match(grammarOf(["Turn ON the light!", "turn on the light", "What's up?"]), {
    ...{ jsgf: "#JSGF V1.0; grammar uplink; public <sentence> = turn on the light | what's up;", pronunciations: {} },
    hash: /^[0-9a-f]{64}$/,
  });
  t.equal(grammarOf(["!", ""]), undefined);
});
