import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { demoAppliances } from "../demo/household.ts";
import { BEDROOM, KITCHEN, node, report, settled, voiceHub } from "./testing.ts";

const operator = { kind: "operator", id: "op" } as const;

t.test("a spoken turn is stored, done, answered and both its messages enter the inbox", async (t) => {
  const hub = await voiceHub(t);
  await hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"));
  t.equal((await hub.turns.get("t1"))?.status, "received", "on disk before anything is done");
  t.same(hub.commands.calls, []);
  await settled();
  const turn = await hub.turns.get("t1");
  t.match(turn, {
    status: "done",
    ok: true,
    intent: "light.on",
    route: { deviceId: KITCHEN, why: "same room" },
    commands: [{ deviceId: KITCHEN, command: "gpio.write", params: { line: 2, value: 1 }, ok: true }],
    reply: "The kitchen light is on.",
  });
  t.same(hub.replies, [
    { deviceId: KITCHEN, turnId: "t1", text: "The kitchen light is on.", intent: "light.on", ok: true },
  ]);
  t.match(hub.commands.calls, [
    { idempotencyKey: /^turn-t1-0$/, turnId: "t1", principal: { kind: "voice", id: KITCHEN } },
  ]);
  t.match(hub.inbox.messages, [
    { channel: "voice", account: KITCHEN, externalId: "t1", direction: "in", text: "turn on the kitchen light" },
    { direction: "out", text: "The kitchen light is on.", turnId: "t1", replyTo: "t1" },
  ]);
  t.same(
    turn?.spans.map((span) => span.stage),
    ["wake", "listen", "recognise", "deliver", "intent", "route", "policy", "command", "reply"],
  );
});

t.test("the stages of the hub follow those of the node, and what the node spoke is added", async (t) => {
  const hub = await voiceHub(t);
  hub.commands.answer = async () => {
    await hub.clock.advance(25);
    return {};
  };
  await hub.turns.receive(KITCHEN, report("t1", "turn on the light"));
  await settled();
  await hub.turns.spoken(KITCHEN, {
    turnId: "t1",
    spoken: true,
    spans: [{ stage: "play", startMs: 2100, durationMs: 900 }],
  });
  await hub.turns.spoken(KITCHEN, { turnId: "t1", spoken: false, spans: [] });
  const turn = await hub.turns.get("t1");
  const spans = Object.fromEntries((turn?.spans ?? []).map((span) => [span.stage, span]));
  t.match(spans.deliver, { startMs: 1600, durationMs: 400 });
  t.match(spans.command, { startMs: 2000, durationMs: 25 });
  t.match(spans.reply, { startMs: 2025 });
  t.match(spans.play, { startMs: 2100, durationMs: 900 });
  t.equal(turn?.replySpoken, true, "a repeated report changes nothing");
});

t.test("a turn that is sent again is not done again; a lost reply is given again", async (t) => {
  const hub = await voiceHub(t);
  await Promise.all([1, 2, 3].map(() => hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"))));
  await settled();
  await hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"));
  t.equal(hub.commands.calls.length, 1);
  t.equal(hub.replies.length, 2);
  t.equal(hub.inbox.messages.length, 2);
  await hub.turns.spoken(KITCHEN, { turnId: "t1", spoken: true, spans: [] });
  await hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"));
  t.equal(hub.replies.length, 2, "once it was spoken nobody waits for it");
  await hub.turns.receive(BEDROOM, report("t1", "turn off the kitchen light"));
  await settled();
  t.equal(hub.commands.calls.length, 1, "another node cannot take over the id");
});

t.test("what was not heard is stored too, and answered truthfully", async (t) => {
  const hub = await voiceHub(t);
  await hub.turns.receive(KITCHEN, report("t1", undefined, { reason: "nearest: lock the front door" }));
  await hub.turns.receive(KITCHEN, report("t2", undefined, { outcome: "no-speech" }));
  await hub.turns.receive(KITCHEN, report("t3", undefined, { outcome: "failed", reason: "the recogniser ended" }));
  await hub.turns.receive(KITCHEN, report("t4", "colourless green ideas"));
  await settled();
  t.same(
    hub.replies.map(({ turnId, text, ok }) => [turnId, text, ok]),
    [
      ["t1", "Sorry, I didn't catch that.", false],
      ["t2", "", false],
      ["t3", "Sorry, I cannot listen properly at the moment.", false],
      ["t4", "Sorry, I did not understand that.", false],
    ],
  );
  const codes = (await hub.turns.list({})).map((turn) => [turn.turnId, turn.status, turn.error?.code]);
  t.same(codes.sort(), [
    ["t1", "done", "NOT_UNDERSTOOD"],
    ["t2", "done", "NO_SPEECH"],
    ["t3", "done", "HARDWARE_UNAVAILABLE"],
    ["t4", "done", "NOT_UNDERSTOOD"],
  ]);
});

t.test("a turn from long ago is kept, but not acted on", async (t) => {
  const hub = await voiceHub(t);
  const old = { startedAt: hub.clock.now() - 75_000 };
  await hub.turns.receive(KITCHEN, report("t1", "open the garage door", old));
  await settled();
  t.same(hub.commands.calls, []);
  t.same(hub.replies, []);
  t.match(await hub.turns.get("t1"), { status: "failed", reason: /arrived 75 s after/, error: { code: "TIMEOUT" } });
  t.equal(hub.inbox.messages.length, 1);
});

t.test("a node whose clock is wrong is still heard, because its wake was", async (t) => {
  const hub = await voiceHub(t);
  const wake = { engine: "fake", phrase: "hey jarvis", score: 1, latencyMs: 1, turnId: "t1", heardAt: 5 };
  await hub.turns.wake(KITCHEN, wake);
  await hub.turns.receive(KITCHEN, report("t1", "lock the front door", { startedAt: 5 }));
  await settled();
  t.match(await hub.turns.get("t1"), { ok: true, intent: "lock.lock", reply: "The front door is locked." });
});

t.test("a hub that died during a turn goes on with it when the node is back, and nothing is done twice", async (t) => {
  for (const moment of ["before the command", "after the command"]) {
    const hub = await voiceHub(t);
    if (moment === "before the command") hub.commands.answer = () => new Promise(() => {});
    await hub.turns.receive(KITCHEN, report("t1", "turn on the bedroom lights"));
    if (moment === "before the command") await settled();
    else {
      // Both lights were switched, but the result never reached the disk.
      await settled();
      hub.store.run("UPDATE turns SET status = 'answering', body = json_set(body, '$.status', 'answering')");
      t.equal(hub.commands.executed.length, 2);
    }
    hub.replies.length = 0;
    hub.commands.answer = (call) => call.params;
    hub.devices.change(KITCHEN, { online: false });
    // Another light comes in between: the stored plan is gone on with, not a new one made.
    hub.devices.change(BEDROOM, { online: true, manifest: node(BEDROOM, "Bedroom", "bedroom", extraLight).manifest });
    const again = await hub.boot();
    await settled();
    t.same(hub.replies, [], "nothing is said while the node is away");
    await hub.clock.advance(5000);
    hub.devices.change(KITCHEN, { online: true });
    await settled();
    t.equal(hub.commands.executed.length, 2, moment);
    t.match(await again.turns.get("t1"), { status: "done", ok: true, reply: "The bedroom lights are on." });
    t.equal(hub.replies.length, 1);
  }
});

t.test("a reply that was stored but perhaps never sent is sent after the restart", async (t) => {
  const hub = await voiceHub(t);
  await hub.turns.receive(KITCHEN, report("t1", "what time is it"));
  await settled();
  await hub.boot();
  t.same(
    hub.replies.map((reply) => reply.text),
    ["It is 3:05 PM.", "It is 3:05 PM."],
  );
  await hub.turns.spoken(KITCHEN, { turnId: "t1", spoken: true, spans: [] });
  await hub.boot();
  t.equal(hub.replies.length, 2);
});

t.test("unfinished turns that nobody waits for any more are marked failed", async (t) => {
  const hub = await voiceHub(t);
  hub.commands.answer = () => new Promise(() => {});
  await hub.turns.receive(KITCHEN, report("old", "turn on the kitchen light"));
  await hub.turns.receive(KITCHEN, report("early", "turn on the kitchen light"));
  void hub.turns.ask("turn off the fan", { principal: operator, room: "kitchen", idempotencyKey: "k" });
  await settled();
  hub.store.run("UPDATE turns SET status = 'received', plan = NULL WHERE turn_id = 'early'");
  await hub.clock.advance(20_000);
  await hub.turns.receive(KITCHEN, report("new", "turn on the fan", { startedAt: hub.clock.now() - 2000 }));
  await settled();
  hub.devices.change(KITCHEN, { online: false });
  await hub.clock.advance(15_000);
  const again = await hub.boot();
  await settled();
  t.match(await again.turns.get("old"), {
    status: "failed",
    reason: /too old.*not known/,
    error: { code: "COMMAND_OUTCOME_UNKNOWN" },
  });
  t.match(await again.turns.get("early"), { status: "failed", reason: /too old/, error: { code: "HUB_STOPPING" } });
  const asked = (await again.turns.list({})).find((turn) => turn.source === "text");
  t.match(asked, { status: "failed", reason: /restarted while it answered; whether it was done is not known/ });
  t.equal((await again.turns.get("new"))?.status, "answering");
  await hub.clock.advance(16_000);
  await settled();
  t.match(await again.turns.get("new"), { status: "failed", reason: /did not come back/ });
});

t.test("a typed turn goes the same way and is answered to who asked, once per key", async (t) => {
  const hub = await voiceHub(t);
  const asked = { principal: operator, room: "Kitchen", idempotencyKey: "once" };
  const [one, two] = await Promise.all([
    hub.turns.ask("turn on the light", asked),
    hub.turns.ask("turn on the light", asked),
  ]);
  const three = await hub.turns.ask("turn on the light", asked);
  t.match(one, { source: "text", room: "kitchen", status: "done", ok: true, reply: "The kitchen light is on." });
  t.equal(one.turnId, two.turnId);
  t.equal(three.turnId, one.turnId);
  t.equal(hub.commands.calls.length, 1);
  t.same(hub.replies, [], "nothing is spoken");
  t.match(hub.inbox.messages[0], { channel: "text", account: "op", room: "kitchen" });
  await t.rejects(hub.turns.ask("help", { principal: operator, room: "attic" }), {
    code: "NOT_FOUND",
    message: /no room "attic"; there are: kitchen, living room/,
  });
});

t.test("failures are told as what they are", async (t) => {
  const cases = [
    ["POLICY_DENIED", "I am not allowed to do that with the hallway front door."],
    ["DEVICE_OFFLINE", "I cannot reach the hallway front door: the Kitchen node is not connected."],
    ["DEVICE_BLOCKED", "I cannot reach the hallway front door: the Kitchen node is not admitted."],
    ["COMMAND_TIMEOUT", "The Kitchen node did not answer in time."],
    ["COMMAND_OUTCOME_UNKNOWN", "I do not know whether that worked. Please look at the hallway front door."],
    ["COMMAND_UNKNOWN", "The Kitchen node cannot do that."],
    ["AUDIT_UNWRITABLE", "I did not do that: the hub cannot write to its disk."],
    ["COMMAND_FAILED", "That did not work with the hallway front door."],
  ] as const;
  for (const [code, reply] of cases) {
    const hub = await voiceHub(t);
    hub.commands.refuse(code);
    const turn = await hub.turns.ask("unlock the front door", { principal: operator });
    t.match(turn, { ok: false, status: "done", reply, error: { code }, commands: [{ ok: false, error: { code } }] });
  }
});

t.test("a node that is away is not called, and a partial success says how much was done", async (t) => {
  const kitchen = node(KITCHEN, "Kitchen", "kitchen", demoAppliances);
  const hub = await voiceHub(t, {
    nodes: [kitchen, { ...node(BEDROOM, "Bedroom", "bedroom", extraLight), online: false }],
  });
  const turn = await hub.turns.ask("turn on the bedroom lights", { principal: operator });
  t.equal(turn.reply, "2 of 3 are done. I cannot reach the bedroom reading light: the Bedroom node is not connected.");
  t.match(turn, { ok: false, error: { code: "DEVICE_OFFLINE" } });
  t.equal(hub.commands.calls.length, 2);
});

t.test("when the disk fails after the command, the reply still tells what was done", async (t) => {
  const hub = await voiceHub(t);
  hub.commands.answer = (call) => {
    hub.store.db.exec("CREATE TRIGGER full BEFORE UPDATE ON turns BEGIN SELECT RAISE(ABORT, 'full'); END");
    return call.params;
  };
  await hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"));
  await settled();
  t.match(hub.replies, [{ text: "The kitchen light is on.", ok: true }]);
  t.equal((await hub.turns.get("t1"))?.status, "answering", "a restart finds it unfinished");
});

t.test("a responder that fails costs one turn, not the hub", async (t) => {
  const hub = await voiceHub(t);
  hub.router.route = () => {
    throw new TypeError("broken");
  };
  await hub.turns.receive(KITCHEN, report("t1", "turn on the kitchen light"));
  await settled();
  t.match(hub.replies, [{ text: "Sorry, something went wrong.", ok: false }]);
  t.match(await hub.turns.get("t1"), { error: { code: "INTERNAL" } });
});

t.test("what no sentence covers is asked elsewhere, and that answer is the turn's", async (t) => {
  const asked: string[] = [];
  const hub = await voiceHub(t, {
    otherwise: async ({ transcript = "" }, { kind }) => {
      asked.push(`${kind}: ${transcript}`);
      return transcript.includes("moon") ? { reply: "It is far.", ok: true } : undefined;
    },
  });
  await hub.turns.receive(KITCHEN, report("t1", "how far is the moon"));
  await hub.turns.receive(KITCHEN, report("t2", "sing a song for grandma"));
  await hub.turns.receive(KITCHEN, report("t3", "turn on the kitchen light"));
  await settled();
  t.match(await hub.turns.get("t1"), { intent: "agent", reply: "It is far.", ok: true, spans: [{}, {}, {}, {}] });
  t.match(await hub.turns.get("t2"), { reply: /did not understand/, error: { code: "NOT_UNDERSTOOD" } });
  t.same(asked, ["voice: how far is the moon", "voice: sing a song for grandma"]);
  t.equal(hub.turns.understands("turn on the kitchen light"), true);
  t.equal(hub.turns.understands("how far is the moon"), false);
  const first = await hub.turns.ask("help", { principal: operator, idempotencyKey: "k", origin: "run" });
  t.match(first.turnId, /^run-/);
});

t.test("turns are listed latest first, in pages", async (t) => {
  const clock = new FakeClock(1_000_000);
  const hub = await voiceHub(t, { clock });
  for (let i = 0; i < 5; i++) {
    await hub.turns.ask("help", { principal: operator });
    await clock.advance(1000);
  }
  const first = await hub.turns.list({ limit: 2 });
  const second = await hub.turns.list({ limit: 2, before: first.at(-1)?.startedAt ?? 0 });
  t.same(
    [...first, ...second].map((turn) => turn.startedAt),
    [1_004_000, 1_003_000, 1_002_000, 1_001_000],
  );
});

t.test("stopping leaves no listener and no timer behind", async (t) => {
  const hub = await voiceHub(t);
  await hub.stop();
  const pending = hub.clock.pending;
  for (let i = 0; i < 100; i++) await (await hub.boot()).stop();
  t.equal(hub.clock.pending, pending);
  t.equal(hub.devices.events.count("presence") + hub.devices.events.count("changed"), 0);
});

const extraLight = [
  {
    id: "reading",
    name: "reading light",
    kind: "light",
    actions: { on: { command: "gpio.write", params: { line: 1, value: 1 } } },
  },
] as const;
