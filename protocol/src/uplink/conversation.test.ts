import t from "tap";
import { FakeClock, silentLog } from "../runtime/index.ts";
import { newsOf, sameSession } from "./chat.ts";
import { Conversation, EXCUSES, type Told } from "./conversation.ts";

const SESSION = "agent:main:kitchen";

function setUp(patch: { ask?: () => Promise<void>; say?: (sentence: string) => Promise<void> } = {}) {
  const clock = new FakeClock();
  const said: string[] = [];
  const asked: string[] = [];
  const conversation = new Conversation({
    sessionKey: "kitchen",
    mouth: {
      say: async (sentence) => {
        said.push(sentence);
        await patch.say?.(sentence);
      },
      hush: () => said.push("(hush)"),
    },
    ask: async (text, id) => {
      asked.push(`${id} ${text}`);
      await patch.ask?.();
    },
    patienceMs: 1000,
    clock,
    log: silentLog,
  });
  const chat = (state: string, text?: string, more: object = {}) =>
    conversation.hear("chat", {
      ...{ runId: "r1", sessionKey: SESSION, seq: 1, state },
      ...(text === undefined ? {} : { message: { role: "assistant", content: [{ type: "text", text }] } }),
      ...more,
    });
  const agent = (runId: string) =>
    conversation.hear("agent", { runId, sessionKey: SESSION, stream: "lifecycle", data: { phase: "start" } });
  return { conversation, clock, said, asked, chat, agent };
}

/** Lets everything that waits for promises happen. */
async function settled(): Promise<void> {
  for (let i = 0; i < 40; i++) await new Promise(setImmediate);
}

t.test("an answer is spoken sentence by sentence while it comes", async (t) => {
  const { conversation, said, asked, chat } = setUp();
  const told = conversation.ask("is it warm", "q1");
  await settled();
  t.same(asked, ["q1 is it warm"]);
  chat("delta", "**The kitchen** is warm. The ha");
  await settled();
  t.same(said, ["The kitchen is warm."], "before the answer is complete");
  chat("delta", "**The kitchen** is warm. The hall is not");
  chat("delta", "**The kitchen** is warm. The hall is not");
  chat("final", "**The kitchen** is warm. The hall is not. 🙂");
  chat("final", "**The kitchen** is warm. The hall is not. 🙂");
  t.same(await told, { ending: "spoken", said: ["The kitchen is warm.", "The hall is not."] });
  t.notOk(conversation.active);
});

t.test("the first run that begins after the question is its answer; other runs and sessions are not", async (t) => {
  const { conversation, said, chat } = setUp();
  chat("delta", "Somebody else's. And more of it", { runId: "old" });
  const told = conversation.ask("q", "q1");
  await settled();
  chat("final", "Somebody else's. And more of it.", { runId: "old" });
  chat("final", "Another room.", { runId: "far", sessionKey: "agent:main:hall" });
  chat("final", "Mine.", { runId: "mine" });
  chat("final", "Later.", { runId: "later" });
  t.same(await told, { ending: "spoken", said: ["Mine."] });
  t.same(said, ["Mine."]);
});

t.test("an answer that never comes is said to be so; signs of work are waited for", async (t) => {
  const { conversation, clock, said, agent } = setUp();
  const told = conversation.ask("q", "q1");
  await settled();
  await clock.advance(900);
  agent("another id than the chat's");
  await settled();
  await clock.advance(900);
  await settled();
  t.same(said, [], "the agent was at work");
  await clock.advance(100);
  t.same(await told, { ending: "none", said: [EXCUSES.none] });
});

t.test("a failed run, an aborted one and a gateway that is away are told apart", async (t) => {
  const failed = setUp();
  const one = failed.conversation.ask("q", "q1");
  await settled();
  failed.chat("delta", "I think. No");
  failed.chat("error", undefined, { errorMessage: "no model" });
  t.match(await one, { ending: "failed", problem: "no model" });
  t.equal(failed.said.at(-1), EXCUSES.failed);

  const aborted = setUp();
  const two = aborted.conversation.ask("q", "q1");
  await settled();
  aborted.chat("aborted");
  t.same(await two, { ending: "silent", said: [] });

  const away = setUp({ ask: () => Promise.reject(new RangeError("gone")) });
  t.match(await away.conversation.ask("q", "q1"), { ending: "away", said: [EXCUSES.away], problem: "gone" });
});

t.test("stop falls silent at once and forgets the rest; so does a new question", async (t) => {
  let speaking: (() => void) | undefined;
  const { conversation, said, chat } = setUp({
    say: () =>
      new Promise((resolve) => {
        speaking = resolve;
      }),
  });
  t.notOk(conversation.stop());
  const told = conversation.ask("q", "q1");
  await settled();
  chat("final", "One. Two. Three.");
  await settled();
  t.ok(conversation.stop());
  speaking?.();
  t.same(await told, { ending: "stopped", said: ["One."] });
  t.same(said, ["One.", "(hush)"]);

  const second = conversation.ask("q2", "q2");
  await settled();
  const third = conversation.ask("q3", "q3");
  t.equal((await second).ending, "stopped");
  await settled();
  chat("final", "Yes.", { runId: "r3" });
  await settled();
  speaking?.();
  t.same(await third, { ending: "spoken", said: ["Yes."] });
});

t.test("what is not for the ears is not spoken", async (t) => {
  const told = async (states: [string, string][]): Promise<Told> => {
    const { conversation, chat } = setUp();
    const done = conversation.ask("q", "q1");
    await settled();
    for (const [state, text] of states) {
      chat(state, text);
      await settled();
    }
    return done;
  };
  t.same(
    await told([
      ["delta", "NO"],
      ["final", "NO_REPLY"],
    ]),
    { ending: "silent", said: [] },
  );
  const directive = '{"voice":"x","once":true}';
  t.same(
    (
      await told([
        ["delta", '{"voice"'],
        ["delta", `${directive}\nHel`],
        ["final", `${directive}\nHello.`],
      ])
    ).said,
    ["Hello."],
  );
  t.same((await told([["final", "{not JSON}"]])).said, ["{not JSON}"]);
  t.same((await told([["final", "```\ncode\n```"]])).said, []);
  t.same((await told([["final", "No."]])).said, ["No."]);
});

t.test("a voice that fails does not end the answer", async (t) => {
  const { conversation, chat, said } = setUp({ say: () => Promise.reject(new RangeError("no loudspeaker")) });
  const told = conversation.ask("q", "q1");
  await settled();
  chat("final", "One. Two.");
  t.equal((await told).ending, "spoken");
  t.same(said, ["One.", "Two."]);
});

t.test("the events of both eras are read", async (t) => {
  const about = { runId: "r", sessionKey: "main" };
  t.same(newsOf("chat", { ...about, state: "delta", deltaText: "ab" }), { ...about, delta: "ab" });
  t.same(newsOf("chat", { ...about, state: "delta", deltaText: "b", message: { content: "ab" } }), {
    ...about,
    text: "ab",
  });
  t.same(newsOf("chat", { ...about, state: "final", message: { text: "ab" } }), { ...about, text: "ab", end: "done" });
  t.same(newsOf("chat", { ...about, state: "error" }), { ...about, end: "error", problem: "no reason was given" });
  t.same(newsOf("chat", { ...about, state: "status", phase: "starting_model" }), about);
  t.same(newsOf("agent", { ...about, stream: "tool" }), { ...about, working: true });
  for (const bad of [undefined, null, 5, {}, { runId: 1, sessionKey: "s" }]) t.equal(newsOf("chat", bad), undefined);
  t.equal(newsOf("tick", about), undefined);
  t.ok(sameSession("agent:main:Kitchen", "kitchen") && sameSession("main", "main"));
  t.notOk(sameSession("agent:main:kitchen-2", "kitchen") || sameSession("agent:main:a:kitchen", "kitchen"));
});

t.test("a gateway that sends only what is new is put together", async (t) => {
  const { conversation, chat, said } = setUp();
  const told = conversation.ask("q", "q1");
  await settled();
  for (const deltaText of ["It is ", "warm. ", "And dry."]) chat("delta", undefined, { deltaText });
  chat("final");
  await told;
  t.same(said, ["It is warm.", "And dry."]);
});
