import { SAMPLE_RATE, type Samples } from "@barnacle/hardware/audio";
import { FakeEndpoint } from "@barnacle/hardware/endpoint";
import type { Microphone, MicrophoneListener } from "@barnacle/hardware/microphone";
import type { Recogniser } from "@barnacle/hardware/speech";
import { FakePlayer, FakeSynthesiser } from "@barnacle/hardware/voice";
import { FakeWake, type WakeHit } from "@barnacle/hardware/wake";
import { Events, FakeClock, seededRandom, silentLog } from "@barnacle/protocol/runtime";
import type { VoiceTurnReport } from "@barnacle/protocol/schema";
import t, { type Test } from "tap";
import type { NodeEventMap } from "../events.ts";
import { Speaker } from "../speaker/index.ts";
import { openDatabase, Settings } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { Ears, Mute, Pipeline } from "./index.ts";

const FRAME = 1280;
/** Samples say when they were recorded: before, during or after the mute. */
const BEFORE = 1000;
const DURING = 2000;
const AFTER = 3000;

/** Counts what reaches it, and can be held in the middle of a frame. */
class CountingWake extends FakeWake {
  readonly got: number[] = [];
  gate: Promise<void> | undefined;
  override async process(samples: Samples): Promise<readonly WakeHit[]> {
    this.got.push(...samples);
    const hits = await super.process(samples);
    await this.gate;
    return hits;
  }
}

class LeakyMicrophone implements Microphone {
  readonly name = "leaky";
  /** Every listener it ever had: a driver may still call an old one. */
  readonly listeners: MicrophoneListener[] = [];
  open = false;
  availability = async () => ({ available: true }) as const;
  async start(listener: MicrophoneListener): Promise<void> {
    this.listeners.push(listener);
    this.open = true;
    listener.status({ state: "running" });
  }
  async stop(): Promise<void> {
    this.open = false;
  }
}

async function setUp(t: Test, options: { dir?: string; startMuted?: boolean } = {}) {
  const dir = options.dir ?? t.testdir({});
  const db = openDatabase(dir);
  const clock = new FakeClock();
  const mute = new Mute({ settings: new Settings(db), startMuted: options.startMuted ?? false, log: silentLog });
  const microphone = new LeakyMicrophone();
  const counters = new Counters();
  const ears = new Ears({ microphone, counters, muted: mute.muted });
  mute.onChange((muted) => void ears.mute(muted));
  const wake = new CountingWake(["hey jarvis"]);
  const fed: number[] = [];
  let cancelled = 0;
  const recogniser: Recogniser = {
    name: "counting",
    load: async () => {},
    setGrammar: async () => {},
    close: async () => {},
    begin: () => ({
      feed: (samples) => void fed.push(...samples),
      finish: async () => ({ outcome: "transcript", text: "help", confidence: 1, engine: "counting" }),
      cancel: () => {
        cancelled += 1;
      },
    }),
  };
  const reports: VoiceTurnReport[] = [];
  const speaker = new Speaker({ synthesiser: new FakeSynthesiser(), player: new FakePlayer(), clock });
  const pipeline = new Pipeline({
    ...{ ears, wake, speaker, clock, counters, log: silentLog },
    endpoint: new FakeEndpoint(SAMPLE_RATE),
    recogniser: () => recogniser,
    connected: () => true,
    publishWake: () => {},
    report: (turn) => reports.push(turn),
    spoken: () => {},
    room: () => undefined,
    ...{ replyMs: 8000, limitMs: 8000, random: seededRandom(1), events: new Events<NodeEventMap>() },
  });
  await pipeline.start();
  t.teardown(async () => {
    await pipeline.stop();
    if (db.isOpen) db.close();
  });
  const hear = async (value: number, frames: number, listener = microphone.listeners.at(-1)): Promise<void> => {
    for (let i = 0; i < frames; i++) {
      listener?.frame(new Int16Array(FRAME).fill(value));
      await settle(clock);
    }
  };
  const count = (where: readonly number[], value: number): number => where.filter((sample) => sample === value).length;
  const all = { dir, db, clock, mute, microphone, counters, ears, wake, fed, reports, pipeline, hear, count };
  return { ...all, cancelled: () => cancelled };
}

async function settle(clock: FakeClock): Promise<void> {
  for (let i = 0; i < 8; i++) await clock.advance(0);
}

t.test("muted in the middle of an utterance: it is dropped, and not one sample passes any more", async (t) => {
  const { wake, hear, mute, microphone, fed, reports, count, cancelled, pipeline, clock, counters } = await setUp(t);
  await hear(BEFORE, 20);
  wake.hear();
  await hear(BEFORE, 3);
  t.equal(pipeline.state, "listening");
  const [atWake, atRecogniser] = [wake.got.length, fed.length];
  t.ok(atRecogniser > 0);
  mute.set(true);
  await hear(DURING, 30, microphone.listeners[0]);
  t.notOk(microphone.open, "the device is closed");
  t.same([wake.got.length, fed.length], [atWake, atRecogniser]);
  t.equal(cancelled(), 1);
  t.match(reports, [{ outcome: "failed", reason: /muted/ }]);
  t.notOk("transcript" in (reports[0] ?? {}));
  t.equal(counters.get("frames"), 23);
  t.notOk(pipeline.talk(), "nor does a button to talk open it");
  mute.set(false);
  await settle(clock);
  await hear(DURING, 30, microphone.listeners[0]);
  t.equal(count(wake.got, DURING), 0, "what an old opening still held does not pass after the mute either");
  wake.hear();
  await hear(AFTER, 20);
  t.equal(count(wake.got, BEFORE), atWake);
  t.same(
    [...new Set(fed.slice(atRecogniser))],
    [AFTER],
    "no sound from before the mute is in front of the next sentence",
  );
  t.match(reports[1], { outcome: "transcript" });
});

t.test("muted and opened again at once: the device is opened anew, and the pause is heard by nobody", async (t) => {
  const { hear, mute, microphone, wake, fed, count, clock, pipeline } = await setUp(t);
  await hear(BEFORE, 20);
  mute.set(true);
  mute.set(false);
  await settle(clock);
  t.equal(microphone.listeners.length, 2);
  t.ok(microphone.open);
  await hear(DURING, 5, microphone.listeners[0]);
  t.equal(count(wake.got, DURING), 0);
  await hear(AFTER, 2);
  t.ok(pipeline.talk());
  await hear(AFTER, 20);
  t.same([...new Set(fed)], [AFTER]);
});

t.test("a wake phrase that was being judged when the mute came wakes nobody", async (t) => {
  const { hear, mute, wake, reports, pipeline, clock } = await setUp(t);
  await hear(BEFORE, 5);
  const gate = Promise.withResolvers<void>();
  wake.gate = gate.promise;
  wake.hear();
  await hear(BEFORE, 1);
  mute.set(true);
  gate.resolve();
  await settle(clock);
  t.equal(pipeline.state, "idle");
  t.same(reports, []);
});

t.test("a mute lasts over a restart however the node ended", async (t) => {
  const first = await setUp(t);
  first.mute.set(true);
  const again = { settings: new Settings(first.db), startMuted: false, log: silentLog };
  t.ok(new Mute(again).muted, "by a wish alone");
  first.mute.position("slide", true);
  first.db.close();
  const second = await setUp(t, { dir: first.dir });
  t.ok(second.mute.muted);
  t.equal(second.microphone.listeners.length, 0, "the device is never opened");
  second.mute.set(false);
  await settle(second.clock);
  t.ok(second.mute.muted, "a switch wins over a wish");
  t.same(second.mute.by, ["slide"]);
  t.equal(second.microphone.listeners.length, 0);
  second.mute.position("slide", false);
  await settle(second.clock);
  t.ok(second.microphone.open);
  second.mute.position("slide", true);
  second.mute.keep([]);
  t.notOk(second.mute.muted, "a switch that is not configured any more closes nothing");
  second.db.close();
  const third = await setUp(t, { dir: first.dir, startMuted: true });
  t.ok(third.mute.muted, "as its configuration says");
});

t.test("a mute that cannot be written down holds all the same; opening needs no disk", async (t) => {
  const told: boolean[] = [];
  const settings = {
    get: () => undefined,
    set: () => false,
  };
  const mute = new Mute({ settings, startMuted: false, log: silentLog });
  mute.onChange((muted) => told.push(muted));
  mute.toggle();
  mute.position("slide", true);
  t.same([mute.muted, told], [true, [true]]);
  mute.position("slide", false);
  mute.toggle();
  t.same([mute.muted, told], [false, [true, false]]);
});
