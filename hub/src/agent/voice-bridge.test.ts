import { setImmediate as turn } from "node:timers/promises";
import { Events, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import type { Principal, TurnRecord } from "../services.ts";
import { textOf } from "../sessions/index.ts";
import { Agents } from "./agents.ts";
import { speakable } from "./speakable.ts";
import { message, testRuns } from "./testing.ts";
import { VoiceBridge, type VoiceBridgeOptions } from "./voice-bridge.ts";

const KITCHEN: Principal = { kind: "voice", id: "k", room: "kitchen" };

function turnOf(turnId: string, patch: Partial<TurnRecord> = {}): TurnRecord {
  return {
    ...{ turnId, source: "voice", deviceId: "k", room: "kitchen", startedAt: 5, status: "done", outcome: "transcript" },
    ...{ transcript: "turn on the light", commands: [], reply: "The light is on.", ok: true, spans: [] },
    ...patch,
  };
}

async function bridged(
  t: Parameters<typeof testRuns>[0],
  patch: Partial<VoiceBridgeOptions> = {},
  respond: Parameters<typeof testRuns>[1] = async (_ask, out) => {
    out.text("**Well**, see [this](http://x.y)");
    return {};
  },
) {
  const test = await testRuns(t, respond);
  const events = new Events<{ updated: { readonly turn: TurnRecord } }>();
  const kept: TurnRecord[] = [];
  const bridge = new VoiceBridge({
    ...{ voice: { events, list: async () => kept }, runs: test.runs, log: silentLog, rooms: {}, answersFreely: true },
    agents: new Agents({ profiles: [], hubName: "Test" }),
    ...patch,
  });
  const said = (key: string) =>
    test.sessions.history(key, { limit: 20 }).messages.map(({ role, message }) => `${role}: ${textOf(message)}`);
  const tell = (turn: TurnRecord) => events.emit("updated", { turn });
  return { ...test, bridge, kept, said, tell };
}

t.test("an answered turn stands in its room's session, once, and is shown as a run", async (t) => {
  const { bridge, said, tell, chat } = await bridged(t, { rooms: { bath: "room", hall: "agent:main:front" } });
  await bridge.start();
  for (const status of ["answering", "done", "done"] as const) tell(turnOf("t1", { status }));
  tell(turnOf("t2", { room: "bath" }));
  tell(turnOf("t3", { room: "hall" }));
  tell(turnOf("run-4"));
  tell(turnOf("t5", { transcript: undefined, outcome: "no-speech" } as never));
  while (chat.filter(({ state }) => state === "final").length < 3) await turn();
  t.same(said("main"), ["user: turn on the light", "assistant: The light is on."]);
  t.equal(said("room:bath").length, 2);
  t.equal(said("front").length, 2);
  t.match(chat[0], { runId: "voice-t1", sessionKey: "agent:main:main", deltaText: "The light is on." });
  await bridge.stop();
  tell(turnOf("t6"));
  await turn();
  t.equal(said("main").length, 2, "a stopped bridge hears nothing");
});

t.test("what was answered just before the hub ended is entered at the next start", async (t) => {
  const { bridge, kept, said, chat } = await bridged(t);
  kept.push(turnOf("new", { transcript: "second" }), turnOf("old", { transcript: "first" }));
  await bridge.start();
  while (chat.filter(({ state }) => state === "final").length < 2) await turn();
  t.same(
    said("main").filter((line) => line.startsWith("user")),
    ["user: first", "user: second"],
  );
});

t.test("free speech becomes a run, whose answer can be read aloud", async (t) => {
  const { bridge, said, tell } = await bridged(t);
  await bridge.start();
  const asked = turnOf("f1", { transcript: "tell me something" });
  t.same(await bridge.answer(asked, KITCHEN), { reply: "Well, see this", ok: true });
  tell({ ...asked, intent: "agent", reply: "Well, see this" });
  await turn();
  t.same(said("main"), ["user: tell me something", "assistant: **Well**, see [this](http://x.y)"]);
  t.equal(await bridge.answer(turnOf("run-x"), KITCHEN), undefined, "a run asked; it goes on by itself");
  const home = await bridged(t, { answersFreely: false });
  t.equal(await home.bridge.answer(asked, KITCHEN), undefined, "nothing here answers freely");
});

t.test("an answer that does not come is said to be missing", async (t) => {
  const failing = await bridged(t, {}, async () => {
    throw new TypeError("x");
  });
  t.match(await failing.bridge.answer(turnOf("a"), KITCHEN), {
    ok: false,
    reply: "Sorry, I could not find an answer.",
  });
  const slow = await bridged(t, {}, () => new Promise(() => {}));
  const answer = slow.bridge.answer(turnOf("b"), KITCHEN);
  while (slow.runs.underWay("main") === undefined) await turn();
  await slow.clock.advance(25_000);
  t.match(await answer, { ok: false, reply: "Sorry, that took too long.", error: { code: "TIMEOUT" } });
});

t.test("behind a long answer of the same session it is told that it takes too long; the other goes on", async (t) => {
  let asked = 0;
  const { bridge, runs, clock } = await bridged(t, {}, () => {
    asked += 1;
    return new Promise(() => {});
  });
  const long = await runs.start(message("an essay please"));
  while (asked === 0) await turn();
  const answer = bridge.answer(turnOf("c"), KITCHEN);
  while (runs.waiting("main").length === 0) await turn();
  await turn();
  await clock.advance(25_000);
  t.match(await answer, { ok: false, reply: "Sorry, that took too long.", error: { code: "TIMEOUT" } });
  while (runs.active("main").length > 1) await turn();
  t.same(runs.active("main"), [long.runId]);
});

t.test("text to be read aloud has no markup, code or addresses, and ends with a sentence", (t) => {
  for (const [given, spoken] of [
    ["# Title\n\n- one\n- **two**\n\n```js\ncode()\n```\nEnd.", "Title one two End."],
    ["see https://example.org/x and `ls`", "see a link and ls"],
    ["| a | b |\n|---|---|\n| 1 | 2 |\nafter", "after"],
    ["snake_case stays, _this_ too 🎉", "snake_case stays, this too"],
    ["2. second\n> quote", "second quote"],
  ]) {
    t.equal(speakable(given as string), spoken);
  }
  const long = speakable("A sentence of some words. ".repeat(300));
  t.ok(long.length <= 3900 && long.endsWith("words."));
  t.equal(speakable("x".repeat(5000)).length, 3900);
  t.end();
});
