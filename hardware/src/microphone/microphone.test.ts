import { writeFile } from "node:fs/promises";
import path from "node:path";
import { FakeClock, seededRandom, systemClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { Dither, encodeWav, SAMPLE_RATE } from "../audio/index.ts";
import { Backoff } from "./backoff.ts";
import { CommandSource, SampleBytes } from "./command.ts";
import { recorderArgv } from "./create.ts";
import {
  createMicrophone,
  FakeMicrophone,
  type MicrophoneDriver,
  type MicrophoneListener,
  type MicrophoneStatus,
  microphoneInfos,
} from "./index.ts";
import { type CaptureEvents, type CaptureSource, SupervisedMicrophone } from "./supervised.ts";

interface Recorded extends MicrophoneListener {
  readonly samples: number[];
  readonly statuses: MicrophoneStatus[];
  /** Resolves when a status is reached. */
  reached(state: string): Promise<MicrophoneStatus>;
}

function recorded(): Recorded {
  const samples: number[] = [];
  const statuses: MicrophoneStatus[] = [];
  const waiting: { state: string; resolve: (status: MicrophoneStatus) => void }[] = [];
  return {
    samples,
    statuses,
    frame: (frame) => void samples.push(...frame),
    status(status) {
      statuses.push(status);
      for (const { state, resolve } of waiting) if (state === status.state) resolve(status);
    },
    reached(state) {
      return new Promise((resolve) => waiting.push({ state, resolve }));
    },
  };
}

/** A device that the test opens, breaks and refuses. */
class FakeSource implements CaptureSource {
  readonly name = "device";
  opened = 0;
  closed = 0;
  refusal: string | undefined;
  events: CaptureEvents | undefined;

  async availability() {
    return { available: true as const };
  }

  async open(events: CaptureEvents) {
    this.opened++;
    if (this.refusal !== undefined) throw new RangeError(this.refusal);
    this.events = events;
    return {
      close: async () => {
        this.closed++;
      },
    };
  }
}

function supervised() {
  const source = new FakeSource();
  const clock = new FakeClock();
  const microphone = new SupervisedMicrophone(source, clock, seededRandom(1));
  return { source, clock, microphone, heard: recorded() };
}

t.test("a device runs from its first frame on", async (t) => {
  const { source, microphone, heard } = supervised();
  await microphone.start(heard);
  source.events?.frame(Int16Array.of(1, 2));
  source.events?.frame(Int16Array.of(3));
  await t.rejects(microphone.start(heard), { code: "CONFLICT" });
  await microphone.stop();
  await microphone.stop();
  source.events?.frame(Int16Array.of(9));
  t.same(heard.statuses, [{ state: "starting" }, { state: "running" }, { state: "stopped" }]);
  t.same(heard.samples, [1, 2, 3]);
  t.equal(source.closed, 1);
});

t.test("a lost device is released at once and opened again until it returns", async (t) => {
  const { source, clock, microphone, heard } = supervised();
  await microphone.start(heard);
  source.events?.frame(Int16Array.of(1));
  const first = source.events;
  first?.lost("unplugged");
  first?.frame(Int16Array.of(7));
  t.equal(source.closed, 1);
  source.refusal = "no such device";
  await clock.advance(5000);
  t.ok(source.opened >= 3, "several attempts");
  source.refusal = undefined;
  for (const refused = source.opened; source.opened === refused; ) await clock.advance(100);
  source.events?.frame(Int16Array.of(2));
  t.same(heard.statuses, [
    { state: "starting" },
    { state: "running" },
    { state: "lost", reason: "unplugged" },
    { state: "lost", reason: "no such device" },
    { state: "running" },
  ]);
  t.same(heard.samples, [1, 2], "frames of the lost opening are ignored");
  await microphone.stop();
  t.equal(clock.pending, 0, "nothing is left running");
});

t.test("a device that opens but stays silent is lost", async (t) => {
  const { source, clock, microphone, heard } = supervised();
  await microphone.start(heard);
  await clock.advance(7999);
  t.match(heard.statuses.at(-1), { state: "starting" });
  await clock.advance(1);
  t.match(heard.statuses.at(-1), { state: "lost", reason: "no frame came for 8 s" });
  await clock.advance(1000);
  t.equal(source.opened, 2);
  await microphone.stop();
});

t.test("a device whose frames stop is lost", async (t) => {
  const { source, clock, microphone, heard } = supervised();
  await microphone.start(heard);
  for (let i = 0; i < 50; i++) {
    source.events?.frame(Int16Array.of(i));
    await clock.advance(1000);
  }
  t.match(heard.statuses.at(-1), { state: "running" });
  await clock.advance(2500);
  t.match(heard.statuses.at(-1), { state: "lost", reason: "frames stopped coming for 3 s" });
  await microphone.stop();
  t.equal(source.closed, source.opened);
});

t.test("pauses between attempts double up to a limit, with jitter", async (t) => {
  const backoff = new Backoff(seededRandom(3), { firstMs: 100, longestMs: 1000 });
  const pauses = Array.from({ length: 6 }, () => backoff.next());
  for (const [i, ceiling] of [100, 200, 400, 800, 1000, 1000].entries()) {
    t.ok((pauses[i] ?? 0) >= ceiling / 2 && (pauses[i] ?? 0) <= ceiling, `pause ${i}`);
  }
  backoff.reset();
  t.ok(backoff.next() <= 100);
});

t.test("a recorder program's bytes become samples wherever they are cut", async (t) => {
  const bytes = new SampleBytes();
  const sound = Buffer.from(Int16Array.of(1, -2, 300, -32768).buffer);
  t.same([...bytes.push(sound.subarray(0, 3))], [1]);
  t.same([...bytes.push(sound.subarray(3, 4))], [-2]);
  t.same([...bytes.push(sound.subarray(4))], [300, -32768]);
});

t.test("a recorder program is run, and lost with its last complaint", async (t) => {
  const script =
    "process.stdout.write(Buffer.from([1,0,2,0])); console.error('first'); console.error('device is gone');";
  const microphone = createMicrophone({ driver: "command", command: [process.execPath, "-e", script] });
  const heard = recorded();
  const lost = heard.reached("lost");
  await microphone.start(heard);
  t.match(await lost, { reason: /device is gone \(exit 0\)/ });
  t.same(heard.samples, [1, 2]);
  await microphone.stop();
});

t.test("a recorder program that will not end is killed", async (t) => {
  const clock = new FakeClock();
  const script = "process.on('SIGTERM', () => {}); setInterval(() => process.stdout.write(Buffer.alloc(2)), 10);";
  const source = new CommandSource("command", [process.execPath, "-e", script], clock);
  const first = Promise.withResolvers<void>();
  const capture = await source.open({ frame: () => first.resolve(), lost: (reason) => t.fail(reason) });
  await first.promise;
  const closed = capture.close();
  await clock.advance(2000);
  await closed;
  t.equal(clock.pending, 0);
});

t.test("a program that is not installed is named", async (t) => {
  const microphone = createMicrophone({ driver: "command", command: ["no-such-recorder"] });
  t.match(await microphone.availability(), { available: false, code: "LIBRARY_MISSING", reason: /no-such-recorder/ });
  const heard = recorded();
  const lost = heard.reached("lost");
  await microphone.start(heard);
  t.match(await lost, { reason: "no-such-recorder is not installed" });
  await microphone.stop();
});

t.test("a recording is heard at real pace between near-silence", async (t) => {
  const file = path.join(t.testdir(), "tone.wav");
  const tone = Int16Array.from({ length: 1600 }, () => 9000);
  await writeFile(file, encodeWav(tone));
  const clock = new FakeClock();
  const microphone = createMicrophone({ driver: "wav", file, leadMs: 500, tailMs: 300, clock });
  const heard = recorded();
  await microphone.start(heard);
  await t.rejects(microphone.start(heard), { code: "CONFLICT" });
  t.same(heard.samples, []);
  await clock.advance(400);
  t.ok(
    heard.samples.length >= 0.34 * SAMPLE_RATE && heard.samples.length <= 0.4 * SAMPLE_RATE,
    "no sample before its time",
  );
  await clock.advance(600);
  t.same(heard.statuses, [{ state: "starting" }, { state: "running" }, { state: "ended" }]);
  t.equal(heard.samples.length, 0.9 * SAMPLE_RATE);
  t.equal(heard.samples.indexOf(9000), 0.5 * SAMPLE_RATE, "the file begins after the lead");
  t.same(heard.samples.slice(0, 100), [...new Dither().next(100)], "the lead repeats itself from run to run");
  await microphone.stop();
});

t.test("a recording at fast pace needs no time, and then goes on with silence at real pace", async (t) => {
  const file = path.join(t.testdir(), "tone.wav");
  await writeFile(file, encodeWav(new Int16Array(8000).fill(5)));
  const clock = new FakeClock();
  const microphone = createMicrophone({ driver: "wav", file, pace: "fast", thenSilence: true, clock });
  const heard = recorded();
  await microphone.start(heard);
  await clock.advance(1);
  const whole = (2 + 0.5 + 1.5) * SAMPLE_RATE;
  t.equal(heard.samples.length, whole);
  await clock.advance(2000);
  t.ok(heard.samples.length - whole > 1.9 * SAMPLE_RATE && heard.samples.length - whole <= 2.01 * SAMPLE_RATE);
  t.match(heard.statuses.at(-1), { state: "running" });
  await microphone.stop();
  await clock.advance(1000);
  t.equal(clock.pending, 0);
});

t.test("a wrong recording is named at once", async (t) => {
  const file = path.join(t.testdir(), "wrong.wav");
  await writeFile(file, encodeWav(new Int16Array(800), 8000));
  const microphone = createMicrophone({ driver: "wav", file });
  t.match(await microphone.availability(), { available: false, code: "AUDIO_FORMAT", reason: /8000 Hz/ });
  await t.rejects(microphone.start(recorded()), { code: "AUDIO_FORMAT" });
  const absent = createMicrophone({ driver: "wav", file: "/nowhere/x.wav" });
  t.match(await absent.availability(), { code: "FILE_UNREADABLE" });
});

t.test("wrong drivers and missing settings are named", async (t) => {
  t.throws(() => createMicrophone({ driver: "ear" as MicrophoneDriver }), { code: "ENGINE_UNKNOWN" });
  t.throws(() => createMicrophone({ driver: "wav" }), { code: "CONFIG_INVALID", message: /microphone\.file/ });
  t.throws(() => createMicrophone({ driver: "command", command: [] }), { code: "CONFIG_INVALID" });
  t.same(recorderArgv("parec", "room.monitor").at(-1), "--device=room.monitor");
  t.same(recorderArgv("arecord", "hw:1").slice(-2), ["-D", "hw:1"]);
  t.equal(createMicrophone({ driver: "arecord", clock: systemClock }).name, "arecord");
  t.same(
    (await microphoneInfos()).map((info) => info.driver),
    ["pvrecorder", "parec", "arecord"],
  );
});

t.test("a fake microphone does what it is told", async (t) => {
  const fake = createMicrophone({ driver: "fake" });
  if (!(fake instanceof FakeMicrophone)) return t.fail("not a fake");
  const heard = recorded();
  fake.push(Int16Array.of(1));
  await fake.start(heard);
  t.ok(fake.started);
  fake.push(Int16Array.of(2));
  fake.lose();
  fake.restore();
  fake.end();
  await fake.stop();
  t.same(heard.samples, [2]);
  t.same(
    heard.statuses.map((status) => status.state),
    ["starting", "running", "lost", "running", "ended", "stopped"],
  );
});
