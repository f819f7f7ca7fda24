import { setImmediate as turn } from "node:timers/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import type { TranscriptMessage } from "../services.ts";
import { textOf } from "../sessions/index.ts";
import type { Ask, Output } from "./responder.ts";
import { DELTA_MS } from "./stream.ts";
import { message, testRuns } from "./testing.ts";

const said = (messages: readonly TranscriptMessage[]): string[] =>
  messages.map(({ role, message }) => `${role}: ${textOf(message)}`);

const echo = async ({ message }: Ask, out: Output) => {
  out.text(`You said ${message}`);
  return {};
};

/** Answers when the test lets it. */
function gate() {
  const waiting: (() => void)[] = [];
  const seen: string[] = [];
  const respond = async ({ message, signal }: Ask, out: Output) => {
    seen.push(message);
    out.text(`to ${message}`);
    await new Promise<void>((resolve, reject) => {
      waiting.push(resolve);
      signal.addEventListener("abort", () => {
        if (waiting.includes(resolve)) waiting.splice(waiting.indexOf(resolve), 1);
        reject(new Error("told to stop"));
      });
    });
    return {};
  };
  const until = async (count: number) => {
    while (seen.length < count) await turn();
  };
  return { respond, seen, until, open: () => waiting.shift()?.() };
}

t.test("a message and its answer are in the transcript, and the events tell of both", async (t) => {
  const { runs, sessions, agent, chat } = await testRuns(t, echo);
  const started = await runs.start(message("hello", { runId: "r" }));
  t.match(started, { runId: "r", created: true, sessionKey: "agent:main:main" });
  const outcome = await started.done;
  t.match(outcome, { status: "ok", text: "You said hello", sessionId: started.sessionId });
  const { messages } = sessions.history("main", { limit: 10 });
  t.strictSame(said(messages), ["user: hello", "assistant: You said hello"]);
  t.strictSame(
    messages.map(({ seq, runId }) => [seq, runId]),
    [
      [1, "r"],
      [2, "r"],
    ],
  );
  t.strictSame(
    agent.map(({ seq, stream, data }) => [seq, stream, data.phase ?? data.text]),
    [
      [1, "lifecycle", "start"],
      [2, "assistant", "You said hello"],
      [3, "lifecycle", "end"],
    ],
  );
  t.strictSame(
    chat.map(({ state, deltaText }) => [state, deltaText]),
    [
      ["delta", "You said hello"],
      ["final", undefined],
    ],
  );
  t.match(sessions.get("main"), { title: "hello", preview: "You said hello", runStatus: "done", lastSeq: 2 });
});

t.test("deltas go out at most each 150 ms, with all text and what is new", async (t) => {
  let out: Output | undefined;
  let finish = (): void => {};
  const { runs, chat, clock } = await testRuns(t, async (_ask, output) => {
    out = output;
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return {};
  });
  const started = await runs.start(message("count"));
  while (!out) await turn();
  for (const word of ["one ", "two ", "three "]) out.text(word);
  t.equal(chat.length, 1, "the first goes out at once");
  await clock.advance(DELTA_MS);
  t.strictSame(
    chat.map(({ deltaText, message }) => [deltaText, message?.content[0]?.text]),
    [
      ["one ", "one "],
      ["two three ", "one two three "],
    ],
  );
  out.text("four");
  finish();
  await started.done;
  t.strictSame(
    chat.slice(2).map(({ state, deltaText, message }) => [state, deltaText, message?.content[0]?.text]),
    [
      ["delta", "four", "one two three four"],
      ["final", undefined, "one two three four"],
    ],
  );
});

t.test("a key is one run, however often it is started, also after a restart", async (t) => {
  const first = await testRuns(t, echo);
  const request = message("once");
  const [a, b] = await Promise.all([first.runs.start(request), first.runs.start(request)]);
  t.strictSame([a.created, b.created].sort(), [false, true]);
  await a.done;
  t.equal((await first.runs.start(request)).created, false);
  await first.runs.close();
  const later = await testRuns(t, echo, { store: first.store, clock: first.clock });
  const again = await later.runs.start(request);
  t.equal(again.created, false);
  t.match(await again.done, { status: "ok", text: "You said once" });
  t.equal(later.sessions.history("main", { limit: 10 }).total, 2);
});

t.test("a session answers one message at a time, sessions side by side", async (t) => {
  const gated = gate();
  const { runs, sessions } = await testRuns(t, gated.respond);
  const one = await runs.start(message("one"));
  const two = await runs.start(message("two"));
  const other = await runs.start(message("other", { sessionKey: "office" }));
  await gated.until(2);
  t.strictSame(gated.seen, ["one", "other"]);
  t.strictSame(runs.active("main"), [one.runId, two.runId]);
  t.strictSame(
    runs.waiting("main").map(({ message }) => message),
    ["two"],
  );
  t.match(runs.underWay("main"), { runId: one.runId, text: "to one" });
  gated.open();
  gated.open();
  await Promise.all([one.done, other.done]);
  await gated.until(3);
  gated.open();
  await two.done;
  t.strictSame(said(sessions.history("main", { limit: 10 }).messages), [
    "user: one",
    "assistant: to one",
    "user: two",
    "assistant: to two",
  ]);
  t.strictSame(runs.active(), []);
});

t.test("queue modes: what waits is collected, what runs is interrupted", async (t) => {
  const gated = gate();
  const { runs, sessions } = await testRuns(t, gated.respond);
  const first = await runs.start(message("first"));
  await gated.until(1);
  const rest = [
    await runs.start(message("a", { queueMode: "collect" })),
    await runs.start(message("b", { queueMode: "collect" })),
  ];
  gated.open();
  await gated.until(2);
  t.equal(gated.seen[1], "a\n\nb");
  const urgent = await runs.start(message("now", { queueMode: "interrupt" }));
  const [a, b] = await Promise.all(rest.map(({ done }) => done));
  t.equal(a?.status, "aborted");
  t.equal(b?.status, "aborted");
  await gated.until(3);
  gated.open();
  t.equal((await urgent.done).status, "ok");
  t.equal((await first.done).status, "ok");
  t.strictSame(said(sessions.history("main", { limit: 10 }).messages), [
    "user: first",
    "assistant: to first",
    "user: a",
    "user: b",
    "assistant: to a\n\nb",
    "user: now",
    "assistant: to now",
  ]);
});

t.test("a run is stopped with what it has said; one that waits is stopped without its turn", async (t) => {
  const gated = gate();
  const { runs, sessions, chat } = await testRuns(t, gated.respond);
  const running = await runs.start(message("long"));
  const waiting = await runs.start(message("after"));
  await gated.until(1);
  t.strictSame(runs.abort({ runId: waiting.runId }), [waiting.runId]);
  t.equal((await waiting.done).status, "aborted");
  t.strictSame(runs.abort({ sessionKey: "main" }), [running.runId]);
  t.match(await running.done, { status: "aborted", text: "to long" });
  t.strictSame(runs.abort({ runId: running.runId }), [], "it has ended");
  t.strictSame(
    chat.filter(({ state }) => state === "aborted").map(({ runId, stopReason }) => [runId, stopReason]),
    [
      [waiting.runId, "rpc"],
      [running.runId, "rpc"],
    ],
  );
  t.equal(sessions.get("main")?.runStatus, "killed");
});

t.test("a run that takes too long is ended, and so is one that does not listen", async (t) => {
  const { runs, clock, sessions } = await testRuns(t, () => new Promise(() => {}));
  const started = await runs.start(message("never", { timeoutMs: 5000 }));
  while (runs.underWay("main") === undefined) await turn();
  t.equal(await Promise.race([runs.wait(started.runId, 1000), clock.advance(1000).then(() => undefined)]), undefined);
  await clock.advance(5000);
  t.match(await started.done, { status: "timeout", error: { code: "TIMEOUT", message: /5 s/ } });
  t.match(sessions.history("main", { limit: 5 }).messages[1]?.message, { errorCode: "TIMEOUT", stopReason: "timeout" });
});

t.test("a failure is an outcome, an event and a line of the transcript", async (t) => {
  const { runs, sessions, chat } = await testRuns(t, async () => {
    throw new BarnacleError("LLM_UNREACHABLE", "nobody is there");
  });
  const { done, runId } = await runs.start(message("hello"));
  t.match(await done, { status: "error", error: { code: "LLM_UNREACHABLE" } });
  t.match(await runs.wait(runId, 1), { status: "error" });
  t.match(chat, [{ state: "error", errorMessage: "nobody is there", errorKind: "unknown" }]);
  t.strictSame(said(sessions.history("main", { limit: 5 }).messages), ["user: hello", "assistant: ⚠️ nobody is there"]);
  t.match(sessions.get("main"), { runStatus: "failed", runError: "nobody is there" });
});

t.test("after a restart what was under way ends as an error, once, and what waited is answered", async (t) => {
  const gated = gate();
  const first = await testRuns(t, gated.respond);
  await first.runs.start(message("under way", { runId: "x" }));
  await first.runs.start(message("waited", { runId: "y" }));
  await first.runs.start(message("repeatable", { runId: "z", sessionKey: "job", repeatable: true }));
  await gated.until(2);
  // The process ends here: nothing is closed.
  const { store, clock } = first;
  const later = await testRuns(t, echo, { store, clock });
  t.match(await later.runs.wait("x", 1), { status: "error", error: { code: "HUB_STOPPING" } });
  t.match(await later.runs.wait("y", 1000), { status: "ok" });
  t.match(await later.runs.wait("z", 1000), { status: "ok" });
  await later.runs.close();
  const last = await testRuns(t, echo, { store, clock });
  t.strictSame(said(last.sessions.history("main", { limit: 10 }).messages), [
    "user: under way",
    "assistant: ⚠️ the hub was restarted while it answered",
    "user: waited",
    "assistant: You said waited",
  ]);
  t.strictSame(said(last.sessions.history("job", { limit: 10 }).messages), [
    "user: repeatable",
    "assistant: You said repeatable",
  ]);
});

t.test("what the hub missed for long is not acted on", async (t) => {
  const gated = gate();
  const { store, clock, runs } = await testRuns(t, gated.respond);
  await runs.start(message("first"));
  await runs.start(message("open the garage", { runId: "old" }));
  await gated.until(1);
  await clock.advance(11 * 60_000);
  let asked = 0;
  const later = await testRuns(
    t,
    async () => {
      asked += 1;
      return {};
    },
    { store, clock },
  );
  t.match(await later.runs.wait("old", 1), { status: "error", error: { message: /too old/ } });
  t.equal(asked, 0);
});

t.test("a hub that stops in order ends what is under way and keeps what waits", async (t) => {
  const gated = gate();
  const first = await testRuns(t, gated.respond);
  const running = await first.runs.start(message("running"));
  await first.runs.start(message("waiting", { runId: "w" }));
  await gated.until(1);
  await first.runs.close();
  t.match(await running.done, { status: "error", error: { code: "HUB_STOPPING" } });
  await t.rejects(first.runs.start(message("late")), { code: "HUB_STOPPING" });
  const later = await testRuns(t, echo, { store: first.store, clock: first.clock });
  t.match(await later.runs.wait("w", 1000), { status: "ok", text: "You said waiting" });
});

t.test("what cannot be a run is refused by name", async (t) => {
  const { runs, sessions } = await testRuns(t, echo);
  await t.rejects(runs.start(message("  ")), { message: "message or attachment required" });
  await t.rejects(runs.start(message("x".repeat(200_001))), { code: "INPUT_INVALID" });
  await t.rejects(runs.start(message("x", { runId: "y".repeat(513) })), { code: "INPUT_INVALID" });
  await t.rejects(runs.start(message("x", { agentId: "nobody" })), { message: 'unknown agent id "nobody"' });
  await sessions.patch("quiet", { settings: { sendPolicy: "deny" } });
  await t.rejects(runs.start(message("x", { sessionKey: "quiet" })), { message: "send blocked by session policy" });
  await t.rejects(runs.wait("nothing", 1), { code: "NOT_FOUND" });
});

t.test("notes are given to the next run, once; an exchange from elsewhere is entered once", async (t) => {
  const seen: (readonly string[])[] = [];
  const { runs, sessions, chat } = await testRuns(t, async (ask, out) => {
    seen.push(ask.notes);
    out.text("ok");
    return {};
  });
  await sessions.systemEvent("main", "the door was opened");
  await sessions.systemEvent("main", "the door was opened");
  t.strictSame(sessions.systemEvents("agent:main:main"), ["the door was opened"]);
  for (const text of ["a", "b"]) await (await runs.start(message(text))).done;
  t.strictSame(seen, [["the door was opened"], []]);
  const heard = message("turn on the light", { runId: "voice-1", source: "voice" });
  t.equal(await runs.enter(heard, { text: "Done.", startedAt: 1 }), true);
  t.equal(await runs.enter(heard, { text: "Done.", startedAt: 1 }), false);
  t.match(chat.at(-1), { runId: "voice-1", state: "final", message: { content: [{ text: "Done." }] } });
  t.equal(sessions.history("main", { limit: 10 }).total, 6);
});

t.test("a reply is sent to where its message came from, and a way that fails changes nothing", async (t) => {
  const sent: unknown[] = [];
  const deliver = async ({ runId, origin }: { runId: string; origin?: object }, text: string) => {
    sent.push([runId, origin, text]);
    throw new TypeError("no way");
  };
  const { runs } = await testRuns(t, echo, { deliver });
  const origin = { channel: "rooms", to: "kitchen" };
  const runOf = async (patch: object) => (await runs.start(message("hi", patch))).done;
  t.match(await runOf({ runId: "d", deliver: true, origin }), { status: "ok" });
  await runOf({ deliver: false, origin });
  await runOf({ deliver: true });
  t.same(sent, [["d", origin, "You said hi"]]);
});

t.test("a disk that fails ends a run as an error, and a message that cannot be kept is not accepted", async (t) => {
  const gated = gate();
  const { runs, store, chat } = await testRuns(t, gated.respond);
  const { done } = await runs.start(message("hi"));
  await gated.until(1);
  await store.stop();
  gated.open();
  t.match(await done, { status: "error", error: { code: "HUB_STOPPING" } });
  t.match(chat.at(-1), { state: "error", errorMessage: /the store is not open/ });
  await t.rejects(runs.start(message("lost")), { code: "HUB_STOPPING" });
  t.strictSame(runs.active(), []);
});

t.test("a session takes so many waiting messages and no more", async (t) => {
  const gated = gate();
  const { runs } = await testRuns(t, gated.respond);
  for (let n = 0; n < 51; n++) await runs.start(message(String(n)));
  await t.rejects(runs.start(message("too many")), { code: "RATE_LIMITED", message: /50 messages wait/ });
  t.ok(await runs.start(message("elsewhere", { sessionKey: "other" })));
  runs.abort({ sessionKey: "main" });
  await runs.close();
});

t.test("ended runs are forgotten after a day, as are sessions made for one call after a month", async (t) => {
  const { runs, sessions, store, clock } = await testRuns(t, echo);
  const keys = ["openai:1", "hook:2", "openai:named", "main"];
  for (const sessionKey of keys) await (await runs.start(message("x", { sessionKey }))).done;
  await sessions.patch("openai:named", { label: "Keep" });
  const kept = () => Number(store.one("SELECT count(*) AS n FROM agent_runs")?.n);
  await clock.advance(23 * 3_600_000);
  t.equal(kept(), 4);
  await clock.advance(3 * 3_600_000);
  while (kept() > 0) await turn();
  await runs.close();
  t.equal(clock.pending, 0, "a closed service leaves no timer");
  await clock.advance(31 * 24 * 3_600_000);
  await sessions.start();
  t.strictSame(
    sessions
      .list({})
      .sessions.map(({ key }) => key)
      .sort(),
    ["agent:main:main", "agent:main:openai:named"],
  );
  t.equal(Number(store.one("SELECT count(*) AS n FROM transcript")?.n), 4);
});

t.test("a call repeated at once is answered when the first one's message is on disk, and fails with it", async (t) => {
  const { runs, store } = await testRuns(t, echo);
  const order: string[] = [];
  const start = (name: string) =>
    runs.start(message("hello", { runId: "twice" })).then((run) => {
      order.push(name);
      return run;
    });
  const [first, second] = await Promise.all([start("first"), start("second")]);
  t.same(order, ["first", "second"]);
  t.equal(first.created, true);
  t.match(second, { created: false, sessionId: first.sessionId }, "not before it has a session");
  await first.done;
  t.ok(store);
});
