import { SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import { FakeEndpoint } from "@barnacle/hardware/endpoint";
import type { Microphone, MicrophoneListener } from "@barnacle/hardware/microphone";
import type { Recogniser, Recognition, Utterance } from "@barnacle/hardware/speech";
import { FakePlayer, FakeSynthesiser } from "@barnacle/hardware/voice";
import { FakeWake } from "@barnacle/hardware/wake";
import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { Events, FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport, VoiceTurnSpoken } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import type { NodeEventMap } from "../events.ts";
import { Speaker } from "../speaker/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { Ears, PHRASES, Pipeline } from "./index.ts";

const FRAME = 1280;
const HEARD: Recognition = { outcome: "transcript", text: "turn on the light", confidence: 0.9, engine: "fake" };
const REJECTED: Recognition = { outcome: "rejected", text: "", confidence: 0.1, nearest: "help", engine: "fake" };
const NOTHING: Recognition = { outcome: "no-speech", text: "", confidence: 0, engine: "fake" };

/** A recogniser that remembers its utterances and answers from a script. */
class ScriptedRecogniser implements Recogniser {
  readonly name = "fake";
  readonly utterances: { samples: number[]; cancelled: boolean }[] = [];
  readonly answers: (Recognition | Error | "never")[] = [];
  async load(): Promise<void> {}
  async setGrammar(): Promise<void> {}
  async close(): Promise<void> {}
  begin(): Utterance {
    const record = { samples: [] as number[], cancelled: false };
    this.utterances.push(record);
    return {
      feed: (samples) => void record.samples.push(...samples),
      finish: async () => {
        const answer = this.answers.shift() ?? HEARD;
        if (answer === "never") return new Promise(() => {});
        if (answer instanceof Error) throw answer;
        return answer;
      },
      cancel: () => {
        record.cancelled = true;
      },
    };
  }
}

class HandMicrophone implements Microphone {
  readonly name = "hand";
  listener: MicrophoneListener | undefined;
  starts = 0;
  availability = async () => ({ available: true }) as const;
  async start(listener: MicrophoneListener): Promise<void> {
    this.starts += 1;
    this.listener = listener;
    listener.status({ state: "running" });
  }
  async stop(): Promise<void> {
    this.listener = undefined;
  }
}

async function setUp(t: Test, options: { muted?: boolean; hold?: boolean; recogniser?: string } = {}) {
  const clock = new FakeClock();
  const microphone = new HandMicrophone();
  const counters = new Counters();
  const ears = new Ears({ microphone, counters, muted: options.muted ?? false });
  const wake = new FakeWake(["hey jarvis"]);
  const endpoint = new FakeEndpoint(SAMPLE_RATE);
  const recogniser = new ScriptedRecogniser();
  const synthesiser = new FakeSynthesiser();
  const player = new FakePlayer({ hold: options.hold ?? false });
  const speaker = new Speaker({ synthesiser, player, clock });
  const events = new Events<NodeEventMap>();
  const wakes: WakeEvent[] = [];
  const reports: VoiceTurnReport[] = [];
  const spoken: VoiceTurnSpoken[] = [];
  const states: string[] = [];
  events.on("state", ({ part, state }) => part === "pipeline" && states.push(state));
  const hub = { connected: true };
  const pipeline = new Pipeline({
    ears,
    wake,
    endpoint,
    recogniser: () => options.recogniser ?? recogniser,
    speaker,
    connected: () => hub.connected,
    publishWake: (event) => wakes.push(event),
    report: (turn) => reports.push(turn),
    spoken: (report) => spoken.push(report),
    room: () => "kitchen",
    replyMs: 8000,
    limitMs: 8000,
    clock,
    random: seededRandom(1),
    events,
    counters,
    log: silentLog,
  });
  await pipeline.start();
  t.teardown(() => pipeline.stop());
  let next = 0;
  /** Gives `count` frames whose samples count up, so that each sample's place can be told. */
  const speak = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const samples: Samples = Int16Array.from({ length: FRAME }, () => next++ % 30_000);
      microphone.listener?.frame(samples);
      await settle(clock);
    }
  };
  const all = { clock, microphone, counters, ears, wake, endpoint, recogniser, synthesiser, player, speaker };
  return { ...all, events, wakes, reports, spoken, states, hub, pipeline, speak };
}

async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 6; i++) await clock.advance(0);
}

t.test("a spoken command goes from wake to answer and back to listening", async (t) => {
  const { wake, speak, wakes, reports, spoken, states, pipeline, synthesiser, clock, recogniser } = await setUp(t);
  await speak(30);
  t.equal(pipeline.state, "idle");
  wake.hear("hey jarvis", 0.93);
  await speak(1);
  t.equal(pipeline.state, "listening");
  t.match(wakes, [{ engine: "fake", phrase: "hey jarvis", score: 0.93, latencyMs: 0 }]);
  await speak(14);
  const [report] = reports;
  t.match(report, {
    turnId: wakes[0]?.turnId,
    room: "kitchen",
    outcome: "transcript",
    transcript: "turn on the light",
    confidence: 0.9,
    recogniser: "fake",
  });
  t.same(
    report?.spans.map((span) => span.stage),
    ["wake", "listen", "endpoint", "recognise"],
  );
  t.equal(pipeline.state, "replying");
  pipeline.reply({ turnId: report?.turnId as string, text: "Done.", ok: true });
  await settle(clock);
  t.same(synthesiser.said, ["Done."]);
  t.match(spoken, [{ turnId: report?.turnId, spoken: true, spans: [{ stage: "synthesise" }, { stage: "play" }] }]);
  t.same(states, ["listening", "recognising", "replying", "idle"]);
  wake.hear();
  await speak(1);
  t.equal(wakes.length, 2, "it listens again");
  t.equal(recogniser.utterances.length, 2);
});

t.test("the utterance has 1.2 s from before the detection and everything after it, without a gap", async (t) => {
  const { wake, speak, recogniser, reports } = await setUp(t);
  await speak(30);
  wake.hear();
  await speak(14);
  const samples = recogniser.utterances[0]?.samples as number[];
  // The detection lies at the first sample of frame 31.
  const detection = 30 * FRAME + 1;
  t.equal(samples[0], (detection - 1.2 * SAMPLE_RATE) % 30_000);
  t.ok(samples.every((sample, i) => i === 0 || sample === ((samples[i - 1] as number) + 1) % 30_000));
  t.equal(reports[0]?.audioMs, Math.round((samples.length * 1000) / SAMPLE_RATE));
});

t.test("without an answer in time it says so, and an answer that comes later is not spoken", async (t) => {
  const { wake, speak, clock, pipeline, synthesiser, reports, counters, states } = await setUp(t);
  await speak(20);
  wake.hear();
  await speak(14);
  await clock.advance(7999);
  t.equal(pipeline.state, "replying");
  await clock.advance(1);
  await settle(clock);
  t.same(synthesiser.said, [PHRASES.noAnswer]);
  t.equal(states.at(-1), "idle");
  pipeline.reply({ turnId: reports[0]?.turnId as string, text: "Too late.", ok: true });
  await settle(clock);
  t.same(synthesiser.said, [PHRASES.noAnswer]);
  t.equal(counters.get("lateReplies"), 1);
});

t.test("while the hub is away it still understands, says that it cannot reach it, and keeps the report", async (t) => {
  const { wake, speak, hub, synthesiser, reports, states } = await setUp(t);
  hub.connected = false;
  await speak(20);
  wake.hear();
  await speak(14);
  t.match(reports, [{ outcome: "transcript" }]);
  t.same(synthesiser.said, [PHRASES.noHub]);
  t.equal(states.at(-1), "idle");
});

t.test("silence after a false alarm is reported and answered with silence", async (t) => {
  const { wake, speak, endpoint, recogniser, reports, synthesiser, pipeline } = await setUp(t);
  endpoint.endAt = undefined;
  recogniser.answers.push(NOTHING);
  await speak(20);
  wake.hear();
  await speak(52);
  t.match(reports, [{ outcome: "no-speech", reason: String }]);
  t.same(synthesiser.said, []);
  t.equal(pipeline.state, "idle");
});

t.test("silence in which the recogniser made something of the wake phrase itself is still silence", async (t) => {
  const { wake, speak, endpoint, recogniser, reports, synthesiser } = await setUp(t);
  endpoint.endAt = undefined;
  recogniser.answers.push(REJECTED);
  await speak(20);
  wake.hear();
  await speak(52);
  t.match(reports, [{ outcome: "no-speech", reason: "no words were heard" }]);
  t.same(synthesiser.said, []);
});

t.test("what is not understood is reported as rejected and never met with silence", async (t) => {
  const { wake, speak, recogniser, reports, synthesiser, clock } = await setUp(t);
  recogniser.answers.push(REJECTED);
  await speak(20);
  wake.hear();
  await speak(14);
  t.match(reports, [{ outcome: "rejected", confidence: 0.1 }]);
  t.notOk(reports[0]?.transcript);
  await clock.advance(8000);
  await settle(clock);
  t.same(synthesiser.said, [PHRASES.rejected]);
});

t.test("the tail of the wake phrase alone does not end the turn: it listens on", async (t) => {
  const { wake, speak, endpoint, recogniser, reports, pipeline } = await setUp(t);
  endpoint.endAt = 0.3 * SAMPLE_RATE;
  recogniser.answers.push(REJECTED);
  await speak(20);
  wake.hear();
  await speak(4);
  t.equal(pipeline.state, "listening");
  t.same(reports, []);
  endpoint.endAt = SAMPLE_RATE;
  await speak(14);
  t.match(reports, [{ outcome: "transcript" }]);
  t.equal(recogniser.utterances.length, 2);
});

t.test("a short command spoken at once is taken at its word", async (t) => {
  const { wake, speak, endpoint, recogniser, reports } = await setUp(t);
  endpoint.endAt = 0.3 * SAMPLE_RATE;
  recogniser.answers.push({ ...HEARD, text: "stop" });
  await speak(20);
  wake.hear();
  await speak(5);
  t.match(reports, [{ outcome: "transcript", transcript: "stop" }]);
});

for (const [what, answer] of [
  ["fails", new Error("child died")],
  ["never answers", "never"],
] as const) {
  t.test(`a recogniser that ${what} is reported and admitted aloud`, async (t) => {
    const { wake, speak, recogniser, reports, synthesiser, clock, pipeline } = await setUp(t);
    recogniser.answers.push(answer);
    await speak(20);
    wake.hear();
    await speak(14);
    await clock.advance(10_000);
    await settle(clock);
    t.match(reports, [{ outcome: "failed", reason: String }]);
    t.same(synthesiser.said, [PHRASES.failed]);
    t.equal(pipeline.state, "idle");
  });
}

t.test("without a recogniser the turn is reported with the reason", async (t) => {
  const { wake, speak, reports } = await setUp(t, { recogniser: "waiting for the hub" });
  await speak(20);
  wake.hear();
  await speak(1);
  t.match(reports, [{ outcome: "failed", reason: "waiting for the hub" }]);
});

t.test("while it speaks itself it hears nothing, and starts afresh afterwards", async (t) => {
  const { wake, speak, speaker, player, wakes, clock, counters } = await setUp(t, { hold: true });
  const saying = speaker.say("a long announcement");
  await settle(clock);
  const position = wake.position;
  wake.hear();
  await speak(5);
  t.equal(wake.position, position, "no frame reached the engine");
  t.same(wakes, []);
  player.finish();
  await saying;
  await settle(clock);
  t.equal(wake.position, 0, "the engine was reset");
  t.equal(counters.get("frames"), 5);
});

t.test("muted, no frame passes and the device is closed; unmuted it hears again", async (t) => {
  const { wake, speak, ears, microphone, wakes, counters, reports, pipeline, recogniser } = await setUp(t);
  await speak(20);
  wake.hear();
  await speak(2);
  t.equal(pipeline.state, "listening");
  const device = microphone.listener;
  const frames = counters.get("frames");
  const muting = ears.mute(true);
  device?.frame(new Int16Array(FRAME));
  await muting;
  t.equal(counters.get("frames"), frames, "not even a frame that was on its way");
  t.equal(microphone.listener, undefined);
  t.match(reports, [{ outcome: "failed", reason: /muted/ }]);
  t.ok(recogniser.utterances[0]?.cancelled);
  t.equal(pipeline.state, "idle");
  await ears.mute(false);
  wake.hear();
  await speak(1);
  t.equal(wakes.length, 2);
});

t.test("a node that was muted stays muted over a restart", async (t) => {
  const { microphone } = await setUp(t, { muted: true });
  t.equal(microphone.starts, 0);
});

t.test("a microphone lost in the middle of a sentence ends the utterance", async (t) => {
  const { wake, speak, microphone, reports, clock } = await setUp(t);
  await speak(20);
  wake.hear();
  await speak(3);
  microphone.listener?.status({ state: "lost", reason: "unplugged" });
  await settle(clock);
  t.match(reports, [{ outcome: "transcript" }]);
});

t.test("a source that falls silent without a word does not leave it listening for ever", async (t) => {
  const { wake, speak, clock, pipeline, reports } = await setUp(t);
  await speak(20);
  wake.hear();
  await speak(3);
  await clock.advance(18_000);
  await settle(clock);
  t.not(pipeline.state, "listening");
  t.equal(reports.length, 1);
});

t.test("announcements wait while somebody is being listened to", async (t) => {
  const { wake, speak, pipeline } = await setUp(t);
  let quiet = false;
  await pipeline.quiet();
  await speak(20);
  wake.hear();
  await speak(2);
  const waiting = pipeline.quiet().then(() => {
    quiet = true;
  });
  await speak(2);
  t.notOk(quiet);
  await speak(12);
  await waiting;
  t.ok(quiet);
});

t.test("an empty answer is not spoken but reported", async (t) => {
  const { wake, speak, pipeline, reports, spoken, synthesiser, clock } = await setUp(t);
  await speak(20);
  wake.hear();
  await speak(14);
  pipeline.reply({ turnId: reports[0]?.turnId as string, text: "", ok: true });
  await settle(clock);
  t.match(spoken, [{ spoken: false, reason: String }]);
  t.same(synthesiser.said, []);
});

t.test("a wake engine that fails is counted, and the node goes on", async (t) => {
  const { wake, speak, counters, wakes } = await setUp(t);
  const process = wake.process.bind(wake);
  wake.process = async () => {
    throw new Error("model exploded");
  };
  await speak(2);
  t.equal(counters.get("engineErrors"), 2);
  wake.process = process;
  wake.hear();
  await speak(1);
  t.equal(wakes.length, 1);
});

t.test("an engine that does not come back with a frame is an ailment, until it does", async (t) => {
  const { wake, speak, pipeline, clock } = await setUp(t);
  await speak(2);
  await clock.advance(120_000);
  t.equal(pipeline.ailment(), undefined, "a microphone that gives nothing is none");
  const hang = Promise.withResolvers<[]>();
  wake.process = () => hang.promise;
  await speak(1);
  await clock.advance(30_000);
  t.equal(pipeline.ailment(), undefined);
  await clock.advance(1000);
  t.equal(pipeline.ailment(), "the voice engines hang since 31 s");
  hang.resolve([]);
  await settle(clock);
  t.equal(pipeline.ailment(), undefined);
});

t.test("another wake engine takes over from the next frame on", async (t) => {
  const { speak, pipeline, wakes } = await setUp(t);
  await speak(3);
  const next = new FakeWake(["alexa"]);
  pipeline.replaceWake(next);
  next.hear("alexa");
  await speak(1);
  t.match(wakes, [{ phrase: "alexa" }]);
  t.same(pipeline.wakeEngine.phrases, ["alexa"]);
});
