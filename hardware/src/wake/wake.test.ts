import { readFileSync } from "node:fs";
import { copyFile, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { Dither, levelDbfs, readSpeechWav, SAMPLE_RATE, type Samples } from "../audio/index.ts";
import { carrierModelDir } from "../onnx/index.ts";
import {
  createWakeEngine,
  FakeWake,
  knownWakePhrases,
  type WakeEngineName,
  type WakeHit,
  wakeEngineInfos,
} from "./index.ts";
import { OpenWakeWord } from "./openwakeword/engine.ts";
import { QuietGate } from "./openwakeword/gate.ts";
import { HitTracker } from "./openwakeword/hit.ts";
import { Porcupine } from "./porcupine/engine.ts";
import { porcupineError } from "./porcupine/errors.ts";
import type { PorcupineLibrary } from "./porcupine/library.ts";

const FIXTURES = new URL("../../../test/fixtures/audio/", import.meta.url);
const clip = (name: string): Promise<Samples> => readSpeechWav(new URL(name, FIXTURES).pathname);
const MODELS = carrierModelDir() ?? "";

// Real models over minutes of sound, on machines that do other things too.
t.setTimeout(120_000);

function join(...parts: readonly Samples[]): Samples {
  const whole = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

t.test("a sure score is told at once, a weak one after it had a chance to rise", async (t) => {
  const hits = new HitTracker(1, 1000);
  t.equal(hits.push("a", 0.4, false, 10), undefined);
  t.same(hits.push("a", 0.95, true, 20), { phrase: "a", score: 0.95, atSample: 20 });
  t.equal(hits.push("a", 0.99, true, 500), undefined, "deaf for the refractory time");
  t.equal(hits.push("b", 0.6, true, 1020), undefined);
  t.same(hits.push("b", 0.8, true, 1030), { phrase: "b", score: 0.8, atSample: 1020 }, "highest score, first frame");
  hits.reset();
  t.equal(hits.push("b", 0.6, true, 1), undefined);
  t.same(
    hits.push("b", 0.1, false, 2),
    { phrase: "b", score: 0.6, atSample: 1 },
    "one that falls is a hit all the same",
  );
});

t.test("the gate rests in a steady room and opens for what rises above it", async (t) => {
  const gate = new QuietGate();
  const room = new Dither(60);
  for (let i = 0; i < 40; i++) gate.push(room.next(1280));
  t.equal(gate.push(room.next(1280)), false, "quiet");
  t.equal(gate.push(new Dither(200).next(1280)), true, "10 dB more");
  t.equal(gate.push(room.next(1280)), true, "open for a while after");
  for (let i = 0; i < 20; i++) gate.push(room.next(1280));
  t.equal(gate.push(room.next(1280)), false);
  const loud = new Dither(6000);
  for (let i = 0; i < 300; i++) gate.push(loud.next(1280));
  t.equal(gate.push(loud.next(1280)), true, "a steady noise as loud as speech never counts as quiet");
});

t.test("what is heard does not depend on the gate", async (t) => {
  const { files } = JSON.parse(readFileSync(new URL("manifest.json", FIXTURES), "utf8")) as {
    files: { file: string }[];
  };
  const some = files.filter(({ file }) => file.startsWith("wake-") || file.startsWith("neg-"));
  const clips = await Promise.all(some.map(({ file }) => clip(file)));
  const heard: WakeHit[][] = [];
  let rested = 0;
  for (const gate of [true, false]) {
    const engine = new OpenWakeWord({ phrases: ["hey jarvis", "alexa", "hey mycroft"], gate });
    await engine.load();
    t.teardown(() => engine.close());
    // A room with audible noise, clips 6 and 26 dB softer than recorded, pauses long enough for the gate to close.
    const room = new Dither(25, 3);
    const hits: WakeHit[] = [];
    for (const sound of clips) {
      for (const gain of [0.5, 0.05]) {
        const noisy = join(room.next(2.5 * SAMPLE_RATE), room.next(sound.length));
        for (let i = 0; i < sound.length; i++) {
          const at = noisy.length - sound.length + i;
          noisy[at] = Math.max(-32768, Math.min(32767, (noisy[at] ?? 0) + Math.round((sound[i] ?? 0) * gain)));
        }
        hits.push(...(await engine.process(noisy)));
      }
    }
    heard.push(hits);
  }
  const probe = new QuietGate();
  for (let i = 0; i < 60; i++) if (!probe.push(new Dither(25, i).next(1280))) rested++;
  t.ok(rested > 30, "the gate did close in such a room");
  t.ok((heard[0]?.length ?? 0) >= 8, `${heard[0]?.length} hits`);
  t.same(heard[0], heard[1]);
});

t.test("an engine that was reset starts again at zero and forgets half a phrase", async (t) => {
  const engine = createWakeEngine({ phrases: ["hey jarvis"] });
  await engine.load();
  await engine.load();
  t.teardown(() => engine.close());
  const sound = join(
    new Dither().next(SAMPLE_RATE),
    await clip("wake-hey-jarvis-rms.wav"),
    new Dither().next(SAMPLE_RATE),
  );
  const half = SAMPLE_RATE + Math.round(1.15 * SAMPLE_RATE);
  t.same(await engine.process(sound.subarray(0, half)), []);
  engine.reset();
  t.same(await engine.process(sound.subarray(half)), [], "the second half alone is no phrase");
  engine.reset();
  const whole = await engine.process(sound);
  t.match(whole, [{ phrase: "hey jarvis" }]);
  t.ok((whole[0]?.atSample ?? 0) > half && (whole[0]?.atSample ?? 0) < sound.length);
  const stale = engine.process(sound);
  engine.reset();
  t.same(await stale, [], "what was fed before a reset is not told after it");
});

t.test("an engine is not deaf in its first second", async (t) => {
  const engine = createWakeEngine({ phrases: ["alexa"] });
  await engine.load();
  t.teardown(() => engine.close());
  const sound = (await clip("wake-alexa-rms.wav")).subarray(0.7 * SAMPLE_RATE);
  t.match(await engine.process(sound), [{ phrase: "alexa" }]);
});

t.test("models that are missing or wrong are named", async (t) => {
  await t.rejects(createWakeEngine({ phrases: ["hey barnacle"] }).load(), {
    code: "MODEL_MISSING",
    message: /no model for "hey barnacle".*it has: hey jarvis, alexa, hey mycroft, hey rhasspy/,
  });
  const dir = t.testdir();
  await t.rejects(createWakeEngine({ phrases: ["alexa"], modelDir: path.join(dir, "absent") }).load(), {
    code: "MODEL_MISSING",
    message: /directory .*absent does not exist/,
  });
  await writeFile(path.join(dir, "hey_barnacle.onnx"), "no model");
  await t.rejects(createWakeEngine({ phrases: ["hey barnacle"], modelDir: dir }).load(), { code: "MODEL_INVALID" });
  await copyFile(path.join(MODELS, "silero_vad.onnx"), path.join(dir, "hey_barnacle.onnx"));
  await t.rejects(createWakeEngine({ phrases: ["hey barnacle"], modelDir: dir }).load(), {
    code: "MODEL_INVALID",
    message: /expected \[1, N, 96\]/,
  });
  await t.rejects(createWakeEngine({ phrases: ["alexa"] }).process(new Int16Array(1280)), {
    code: "HARDWARE_UNAVAILABLE",
  });
  t.throws(() => createWakeEngine({ phrases: [] }), { code: "CONFIG_INVALID" });
  t.throws(() => createWakeEngine({ engine: "snowboy" as WakeEngineName }), { code: "ENGINE_UNKNOWN" });
});

t.test("a model of one's own is found by the phrase's name", async (t) => {
  const dir = t.testdir();
  await copyFile(path.join(MODELS, "alexa_v0.1.onnx"), path.join(dir, "hey_barnacle.onnx"));
  const options = { phrases: ["Hey Barnacle"], modelDir: dir, thresholds: { "Hey Barnacle": 0.4 } };
  const engine = createWakeEngine(options);
  await engine.load();
  t.teardown(() => engine.close());
  t.match(await engine.process(join(await clip("wake-alexa-rms.wav"), new Dither().next(8000))), [
    { phrase: "Hey Barnacle" },
  ]);
  const info = wakeEngineInfos(options).find(({ engine }) => engine === "openwakeword");
  t.match(info?.models.at(2), { name: "Hey Barnacle", present: true, licence: "unknown" });
  t.same(knownWakePhrases(options), ["Hey Barnacle", "hey jarvis", "alexa", "hey mycroft", "hey rhasspy"]);
});

t.test("engines that cannot run say why", async (t) => {
  const infos = wakeEngineInfos({ phrases: ["hey nobody"] });
  t.match(infos.find(({ engine }) => engine === "openwakeword")?.availability, {
    available: false,
    code: "MODEL_MISSING",
  });
  const porcupine = wakeEngineInfos({ engine: "porcupine", accessKey: "k", phrases: ["jarvis", "nobody"] })[1];
  t.match(porcupine, { availability: { available: true }, models: [{ name: "jarvis", licence: "Apache-2.0" }] });
});

/** A Porcupine that hears its first keyword in every loud frame. */
function fakePorcupine(log: string[]): PorcupineLibrary {
  return {
    keyless: false,
    keywords: new Map([["jarvis", import.meta.filename]]),
    open(accessKey, files, sensitivities) {
      log.push(`open ${files.length} ${sensitivities.join()}`);
      if (accessKey === "bad-key") {
        class PorcupineInvalidArgumentError extends RangeError {}
        throw new PorcupineInvalidArgumentError("initialization failed: Failed to parse AccessKey `bad-key`");
      }
      return {
        frameLength: 512,
        process: (frame) => (levelDbfs(frame) > -20 ? 0 : -1),
        release: () => void log.push("release"),
      };
    },
  };
}

t.test("Porcupine is asked for a key before anything else, and never prints it", async (t) => {
  const log: string[] = [];
  const make = (accessKey?: string) => new Porcupine({ phrases: ["jarvis"], accessKey }, () => fakePorcupine(log));
  await t.rejects(make().load(), { code: "LICENCE_KEY", message: /none is configured/ });
  t.same(log, []);
  const refused = await make("bad-key")
    .load()
    .catch((error: unknown) => error);
  t.match(refused, { code: "LICENCE_KEY" });
  t.notMatch(JSON.stringify({ ...(refused as object), text: String(refused) }), /bad-key/);
  t.equal((refused as Error).cause, undefined, "the original error holds the key too");
  await t.rejects(createWakeEngine({ engine: "porcupine", phrases: ["jarvis"], accessKey: "no+such/key==" }).load(), {
    code: "LICENCE_KEY",
    message: /^((?!no\+such\/key).)*$/s,
  });
});

t.test("Porcupine hits are counted once per refractory time", async (t) => {
  const log: string[] = [];
  const options = { phrases: ["jarvis"], accessKey: "k", sensitivities: { jarvis: 0.7 } };
  const engine = new Porcupine(options, () => fakePorcupine(log));
  await t.rejects(engine.process(new Int16Array(512)), { code: "HARDWARE_UNAVAILABLE" });
  await engine.load();
  const loud = new Int16Array(700).fill(9000);
  t.same(await engine.process(loud), [{ phrase: "jarvis", score: 1, atSample: 512 }]);
  t.same(await engine.process(loud), []);
  t.equal((await engine.process(new Int16Array(4 * SAMPLE_RATE).fill(9000))).length, 2);
  engine.reset();
  t.match(await engine.process(loud), [{ atSample: 512 }]);
  await engine.close();
  t.same(log, ["open 1 0.7", "release"]);
  const unknown = new Porcupine({ ...options, phrases: ["nobody"] }, () => fakePorcupine(log));
  await t.rejects(unknown.load(), { code: "MODEL_MISSING", message: /no keyword "nobody"; it has: jarvis/ });
  const absent = new Porcupine({ ...options, keywordFiles: { jarvis: "/nowhere/x.ppn" } }, () => fakePorcupine(log));
  await t.rejects(absent.load(), { code: "MODEL_MISSING", message: /x\.ppn/ });
});

t.test("Porcupine's errors get the family's codes", async (t) => {
  const named = (name: string, message: string): Error => {
    const error = new RangeError(message);
    Object.defineProperty(error, "constructor", { value: { name } });
    return error;
  };
  for (const [name, message, code] of [
    ["PorcupineActivationLimitReachedError", "limit", "LICENCE_KEY"],
    ["PorcupineKeyError", "no", "LICENCE_KEY"],
    ["PorcupineInvalidArgumentError", "File not found at 'modelPath': /x", "MODEL_MISSING"],
    ["PorcupineInvalidArgumentError", "wrong version", "MODEL_INVALID"],
    ["RangeError", "Sensitivity value in 'sensitivities' not in range [0,1]: 2", "CONFIG_INVALID"],
    ["PorcupineRuntimeError", "Failed to communicate with device", "HARDWARE_UNAVAILABLE"],
  ] as const) {
    t.equal(porcupineError(named(name, message), undefined).code, code, `${name}: ${message}`);
  }
  const long = "A".repeat(56);
  t.notMatch(porcupineError(new RangeError(`key ${long}==`), undefined).message, new RegExp(long));
});

t.test("pocketsphinx names a phrase it cannot spell, and can be loaded again after its process died", async (t) => {
  const info = wakeEngineInfos().find(({ engine }) => engine === "pocketsphinx");
  if (!info?.availability.available) {
    t.plan(0, "pocketsphinx is not installed");
    return;
  }
  t.match(info.models, [{ present: true, licence: "BSD-2-Clause" }]);
  const unknown = createWakeEngine({ engine: "pocketsphinx", phrases: ["hey xyzzyq"] });
  await t.rejects(unknown.load(), { code: "MODEL_MISSING", message: /cannot spell "xyzzyq"/ });
  const engine = createWakeEngine({ engine: "pocketsphinx", phrases: ["hey jarvis"] });
  await t.rejects(engine.process(new Int16Array(1600)), { code: "HARDWARE_UNAVAILABLE" });
  await engine.load();
  const stuck = engine.process(new Int16Array(16_000));
  await Promise.all([t.rejects(stuck, { code: "HARDWARE_UNAVAILABLE" }), engine.close()]);
  await engine.load();
  engine.reset();
  const sound = join(await clip("wake-hey-jarvis-slt.wav"), new Dither().next(SAMPLE_RATE));
  t.match(await engine.process(sound), [{ phrase: "hey jarvis", score: 1 }]);
  await engine.close();
  await engine.close();
});

t.test("a fake hears what its script says", async (t) => {
  const fake = new FakeWake(["computer"], [{ phrase: "computer", score: 0.7, atSample: 100 }]);
  await fake.load();
  t.same(await fake.process(new Int16Array(99)), []);
  t.match(await fake.process(new Int16Array(1)), [{ score: 0.7 }]);
  fake.hear();
  t.match(await fake.process(new Int16Array(10)), [{ phrase: "computer", score: 1, atSample: 101 }]);
  t.equal(fake.position, 110);
  fake.reset();
  t.equal(fake.position, 0);
  await fake.close();
  t.equal(createWakeEngine({ engine: "fake" }).name, "fake");
});
