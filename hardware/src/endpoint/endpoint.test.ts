import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { Dither, readSpeechWav, SAMPLE_RATE, type Samples } from "../audio/index.ts";
import { VoiceEndpoint } from "./detector.ts";
import { FakeEndpoint } from "./fake.ts";
import {
  createEndpoint,
  type EndpointDecision,
  type EndpointDetector,
  type EndpointEngine,
  endpointInfos,
} from "./index.ts";
import { EndpointRule } from "./rule.ts";
import { SCORE_FRAME, type SpeechScorer } from "./scorer.ts";

const FIXTURES = new URL("../../../test/fixtures/audio/", import.meta.url);
const { files } = JSON.parse(readFileSync(new URL("manifest.json", FIXTURES), "utf8")) as {
  files: { file: string; wakeEnd?: number; speechStart?: number; speechEnd?: number; hard?: boolean }[];
};
const COMMANDS = files.filter((clip) => clip.wakeEnd !== undefined && clip.speechEnd !== undefined && !clip.hard);
const DECIDED = ["end", "no-speech"];
/** How near the true end Silero must find it, and how soon it must be told: its silence of 0.7 s and a margin. */
const IN_QUIET = { foundS: 0.1, toldS: 0.85 };
/** Music between the words and after them scores as speech for half a second more; that is the model's ear, not ours. */
const IN_MUSIC = { foundS: 0.5, toldS: 1.25 };
const MUSIC = new Set(["noisy-music10-garage-rms.wav"]);

/** One score per frame: "s" is speech, "." is silence. */
function decide(rule: EndpointRule, pattern: string): EndpointDecision {
  for (const mark of pattern) rule.push(mark === "s" ? 0.9 : 0.1, SCORE_FRAME);
  return rule.decision;
}

const frames = (ms: number): number => Math.ceil((ms * SAMPLE_RATE) / 1000 / SCORE_FRAME);

async function feed(endpoint: EndpointDetector, sound: Samples): Promise<{ decision: EndpointDecision; fed: number }> {
  let decision: EndpointDecision = { kind: "waiting" };
  let fed = 0;
  for (; fed < sound.length && !DECIDED.includes(decision.kind); fed += 640) {
    decision = await endpoint.process(sound.subarray(fed, fed + 640));
  }
  return { decision, fed };
}

t.test("silence after speech ends the utterance", async (t) => {
  const rule = new EndpointRule();
  t.same(decide(rule, ".."), { kind: "waiting" });
  t.same(decide(rule, "ssss"), { kind: "speech" });
  t.same(decide(rule, ".".repeat(frames(700) - 1)), { kind: "speech" });
  const end = { kind: "end", reason: "silence", speechStartSample: 2 * 512, speechEndSample: 6 * 512 };
  t.same(decide(rule, "."), end);
  t.same(decide(rule, "sssss"), end, "a decision stands until reset");
  rule.reset();
  t.same(rule.decision, { kind: "waiting" });
});

t.test("a pause shorter than the silence goes on", async (t) => {
  const rule = new EndpointRule({ silenceMs: 320 });
  t.match(decide(rule, `sss${".".repeat(9)}s${".".repeat(9)}`), { kind: "speech" });
  t.match(decide(rule, "."), { kind: "end", speechEndSample: 13 * 512 });
});

t.test("a click or the wake phrase's tail is not speech", async (t) => {
  const rule = new EndpointRule({ noSpeechMs: 1000 });
  t.match(decide(rule, `ss${".".repeat(frames(1000) - 3)}`), { kind: "waiting" });
  t.match(decide(rule, "."), { kind: "no-speech" });
});

t.test("speech that begins just before the patience ends is waited for", async (t) => {
  const rule = new EndpointRule({ noSpeechMs: 320 });
  t.match(decide(rule, ".........ss"), { kind: "waiting" });
  t.match(decide(rule, "s"), { kind: "speech" });
});

t.test("endless speech ends at the limit", async (t) => {
  const rule = new EndpointRule({ limitMs: 2000 });
  t.match(decide(rule, "s".repeat(frames(2000))), { kind: "end", reason: "limit", speechStartSample: 0 });
});

t.test("Silero finds where commands end", async (t) => {
  const endpoint = createEndpoint({ fallback: false });
  try {
    await endpoint.load();
  } catch (error) {
    t.plan(0, String(error));
    return;
  }
  t.teardown(() => endpoint.close());
  const delays: number[] = [];
  for (const clip of COMMANDS) {
    const speech = await readSpeechWav(new URL(clip.file, FIXTURES).pathname);
    const from = Math.round((clip.wakeEnd ?? 0) * SAMPLE_RATE) + 1280;
    const sound = new Int16Array(speech.length - from + SAMPLE_RATE);
    sound.set(new Dither().next(sound.length));
    sound.set(speech.subarray(from));
    endpoint.reset();
    const { decision, fed } = await feed(endpoint, sound);
    if (!t.match(decision, { kind: "end", reason: "silence" }, clip.file) || decision.kind !== "end") continue;
    const found = (decision.speechEndSample + from) / SAMPLE_RATE - (clip.speechEnd ?? 0);
    const told = (fed + from) / SAMPLE_RATE - (clip.speechEnd ?? 0);
    const { foundS, toldS } = MUSIC.has(clip.file) ? IN_MUSIC : IN_QUIET;
    t.ok(Math.abs(found) < foundS, `${clip.file}: last speech ${Math.round(found * 1000)} ms from the true end`);
    t.ok(told < toldS, `${clip.file}: told ${Math.round(told * 1000)} ms after it`);
    delays.push(told);
  }
  t.comment(
    `Silero: ${delays.length} commands, end told at most ${Math.round(Math.max(...delays) * 1000)} ms after it`,
  );
});

t.test("Silero hears no speech in near-silence, and loudness does not either", async (t) => {
  for (const engine of ["silero", "energy"] as const) {
    const endpoint = createEndpoint({ engine, noSpeechMs: 1000 });
    await endpoint.load();
    t.match((await feed(endpoint, new Dither(30).next(2 * SAMPLE_RATE))).decision, { kind: "no-speech" }, engine);
    await endpoint.close();
  }
});

t.test("loudness ends a command in a quiet room", async (t) => {
  const endpoint = createEndpoint({ engine: "energy" });
  await endpoint.load();
  t.equal(endpoint.name, "energy");
  const speech = await readSpeechWav(new URL("cmd-kitchen-light-slt.wav", FIXTURES).pathname);
  const sound = new Int16Array(speech.length + SAMPLE_RATE);
  sound.set(new Dither().next(sound.length));
  sound.set(speech.subarray(Math.round(1.6 * SAMPLE_RATE)), 0);
  t.match((await feed(endpoint, sound)).decision, { kind: "end", reason: "silence" });
});

t.test("what was fed before a reset says nothing about the next utterance", async (t) => {
  const speechAlways: SpeechScorer = {
    name: "always",
    load: async () => {},
    score: async () => 1,
    reset: () => {},
    close: async () => {},
  };
  const endpoint = new VoiceEndpoint([speechAlways], { limitMs: 96 });
  await endpoint.load();
  const before = endpoint.process(new Int16Array(2048));
  endpoint.reset();
  const after = endpoint.process(new Int16Array(512));
  t.match(await before, { kind: "waiting" });
  t.match(await after, { kind: "waiting" });
  t.match(await endpoint.process(new Int16Array(1024)), { kind: "end", reason: "limit", speechEndSample: 1536 });
  await endpoint.close();
  await t.rejects(endpoint.process(new Int16Array(512)), { code: "HARDWARE_UNAVAILABLE" });
});

t.test("the next scorer takes over when the first does not load", async (t) => {
  const broken: SpeechScorer = {
    name: "broken",
    load: () => Promise.reject(new BarnacleError("MODEL_MISSING", "gone")),
    score: async () => 0,
    reset: () => {},
    close: async () => {},
  };
  const endpoint = new VoiceEndpoint([broken, { ...broken, name: "spare", load: async () => {} }]);
  t.equal(endpoint.name, "broken");
  await endpoint.load();
  t.equal(endpoint.name, "spare");
  await t.rejects(new VoiceEndpoint([broken]).load(), { code: "MODEL_MISSING", message: "gone" });
  await t.rejects(new VoiceEndpoint([]).load(), { code: "HARDWARE_UNAVAILABLE" });
});

t.test("a file that is no model is named", async (t) => {
  const dir = t.testdir();
  await writeFile(path.join(dir, "silero_vad.onnx"), "not a model");
  const endpoint = createEndpoint({ modelDir: dir, fallback: false });
  await t.rejects(endpoint.load(), { code: "MODEL_INVALID", message: /silero_vad\.onnx/ });
  t.throws(() => createEndpoint({ engine: "ear" as EndpointEngine }), { code: "ENGINE_UNKNOWN" });
  t.match(endpointInfos()[0], { engine: "silero", models: [{ licence: "MIT", present: true }] });
});

t.test("a fake ends where it is told", async (t) => {
  const fake = new FakeEndpoint(1000);
  t.match(await fake.process(new Int16Array(999)), { kind: "speech" });
  t.match(await fake.process(new Int16Array(1)), { kind: "end", speechEndSample: 1000 });
  fake.reset();
  fake.endAt = undefined;
  t.match(await fake.process(new Int16Array(63_999)), { kind: "waiting" });
  t.match(await fake.process(new Int16Array(1)), { kind: "no-speech" });
});
