import { fileURLToPath } from "node:url";
import { createRecogniser, FakeRecogniser, readSpeechWav, recogniserInfos } from "@barnacle/hardware/speech";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { transcribeFiles } from "../cli/transcribe.ts";
import type { TalkMessage } from "../services.ts";
import { settled } from "../voice/testing.ts";
import { RecognisedTalk } from "./index.ts";

const AUDIO = fileURLToPath(new URL("../../../test/fixtures/audio/", import.meta.url));
const GRAMMAR = { hash: "0123456789abcdef", jsgf: "#JSGF V1.0;", pronunciations: {} };

/** Samples as they travel. */
const bytes = (samples: Int16Array) => Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
const silence = (ms: number) => new Int16Array((ms * 16_000) / 1000);
const noise = (ms: number) => silence(ms).map((_, i) => Math.round(9000 * Math.sin(i * 0.3)));

function setUp(t: { teardown(fn: () => unknown): void }, recogniser = new FakeRecogniser()) {
  const clock = new FakeClock();
  let made = 0;
  const talk = new RecognisedTalk({
    ...{ clock, random: seededRandom(9), log: silentLog, engine: "fake", grammar: () => GRAMMAR },
    available: async () => true,
    async create() {
      made += 1;
      return recogniser;
    },
  });
  t.teardown(() => talk.stop());
  const heard: TalkMessage[] = [];
  const open = (connId: string) => talk.open(connId, (message) => heard.push(message));
  const types = () => heard.map(({ talkEvent }) => talkEvent.type);
  return { clock, talk, recogniser, heard, open, types, made: () => made };
}

t.test("sentences are cut at pauses and come out as text, in order", async (t) => {
  const { talk, recogniser, heard, open, types } = setUp(t);
  recogniser.script("first", { outcome: "rejected", nearest: "second" });
  const { sessionId, expiresAt } = await open("c1");
  t.ok(expiresAt > 1_700_000_000 && expiresAt < 1e11, "in seconds");
  for (const part of [silence(500), noise(600), silence(1000), noise(600), silence(1000)]) {
    for (let at = 0; at < part.length; at += 777) talk.append("c1", sessionId, bytes(part.slice(at, at + 777)));
  }
  await talk.close("c1", sessionId);
  t.same(types(), [
    ...["session.ready", "turn.started", "turn.started", "transcript.done", "turn.ended", "turn.ended"],
    "session.closed",
  ]);
  t.match(
    heard.find(({ talkEvent }) => talkEvent.type === "transcript.done"),
    {
      ...{ type: "transcript", text: "first", final: true, transcriptionSessionId: sessionId },
      talkEvent: { turnId: "turn-1", mode: "transcription", transport: "gateway-relay", payload: { text: "first" } },
    },
  );
  t.same(
    heard.map(({ talkEvent }) => talkEvent.seq),
    [1, 2, 3, 4, 5, 6, 7],
  );
  t.ok((recogniser.heard[0]?.length ?? 0) > 16_000 * 0.6, "with the sound before it");
});

t.test("what is being said when a session is closed is still recognised; silence is not", async (t) => {
  const { talk, recogniser, open, types } = setUp(t);
  recogniser.script("the end");
  const quiet = await open("c1");
  talk.append("c1", quiet.sessionId, bytes(silence(3000)));
  await talk.close("c1", quiet.sessionId);
  t.same(types(), ["session.ready", "session.closed"]);
  const { sessionId } = await open("c1");
  talk.append("c1", sessionId, bytes(noise(500)));
  await talk.close("c1", sessionId);
  t.ok(types().includes("transcript.done"));
});

t.test("a session belongs to its connection, ends with it, and there are not too many", async (t) => {
  const { clock, talk, open, types, made, recogniser } = setUp(t);
  const one = await open("c1");
  await open("c1");
  await t.rejects(open("c1"), { code: "RATE_LIMITED" });
  t.throws(() => talk.append("c2", one.sessionId, Buffer.alloc(2)), { code: "NOT_FOUND" });
  t.throws(() => talk.append("c1", one.sessionId, Buffer.alloc(3)), { code: "AUDIO_FORMAT" });
  talk.append("c1", one.sessionId, bytes(noise(500)));
  talk.drop("c1");
  t.equal(types().filter((type) => type === "session.closed").length, 2);
  t.equal(recogniser.cancelled, 1);
  await t.rejects(talk.close("c1", one.sessionId), { code: "NOT_FOUND" });
  let closed = 0;
  recogniser.close = async () => void closed++;
  await clock.advance(60_000);
  await settled();
  t.equal(closed, 1, "nobody dictates: the engine's process ends");
  const again = await open("c1");
  t.equal(made(), 2);
  await clock.advance(30 * 60_000);
  t.throws(() => talk.append("c1", again.sessionId, Buffer.alloc(2)), { code: "NOT_FOUND" }, "after half an hour");
});

t.test("a recogniser that fails ends the session by name; one that cannot start refuses it", async (t) => {
  const { talk, recogniser, heard, open } = setUp(t);
  recogniser.script(new BarnacleError("HARDWARE_UNAVAILABLE", "the engine died"));
  const { sessionId } = await open("c1");
  talk.append("c1", sessionId, bytes(noise(500)));
  talk.append("c1", sessionId, bytes(silence(1000)));
  await settled();
  t.match(heard.at(-2), { type: "error", message: "the engine died", talkEvent: { type: "session.error" } });
  t.match(heard.at(-1), { type: "close", reason: "error" });
  const other = setUp(t);
  const { load } = other.recogniser;
  other.recogniser.load = async () => {
    throw new BarnacleError("MODEL_MISSING", "no model");
  };
  await t.rejects(other.open("c1"), { code: "MODEL_MISSING" });
  other.recogniser.load = load;
  t.ok((await other.open("c1")).sessionId, "the next one tries again");
});

const [pocketsphinx] = await recogniserInfos();
const skip = pocketsphinx?.availability.available ? false : "pocketsphinx is not installed here";
t.test("a real recording, dictated to the real engine", { skip, timeout: 120_000 }, async (t) => {
  const grammar = new FakeRecogniser();
  await transcribeFiles([], { create: () => grammar });
  const talk = new RecognisedTalk({
    ...{ clock: new FakeClock(), random: seededRandom(9), log: silentLog, engine: "pocketsphinx" },
    grammar: () => grammar.grammars[0] ?? GRAMMAR,
    available: async () => true,
    create: async () => createRecogniser("pocketsphinx"),
  });
  t.teardown(() => talk.stop());
  const texts: string[] = [];
  const { sessionId } = await talk.open("c1", ({ talkEvent, text }) => {
    if (talkEvent.type === "transcript.done") texts.push(text ?? "");
  });
  const samples = await readSpeechWav(`${AUDIO}neg-command-no-wake-slt.wav`);
  for (let at = 0; at < samples.length; at += 1280) talk.append("c1", sessionId, bytes(samples.slice(at, at + 1280)));
  await talk.close("c1", sessionId);
  t.same(texts, ["turn on the kitchen light"]);
});

t.test(
  "a connection that ends while its session is made leaves none behind, and those count that are being made",
  async (t) => {
    const { talk, open } = setUp(t);
    const late = open("c1");
    talk.drop("c1");
    await t.rejects(late, { code: "CONFLICT" });
    const three = await Promise.allSettled([open("c2"), open("c2"), open("c2")]);
    t.match(three, [{ status: "fulfilled" }, { status: "fulfilled" }, { reason: { code: "RATE_LIMITED" } }]);
  },
);
