import t from "tap";
import { parseWav } from "../audio/wav.ts";
import { createSynthesiser, SYNTHESISERS, voiceInfos } from "./index.ts";

const infos = await voiceInfos();

for (const name of ["espeak-ng", "flite"]) {
  const availability = infos.find((info) => info.name === name)?.availability;
  const skip = availability?.available ? false : `${name}: ${availability?.reason}`;

  t.test(`${name} speaks, with an honest WAVE header`, { skip }, async (t) => {
    const sound = await createSynthesiser(name).synthesise("The kitchen light is on.");
    t.ok(sound.durationMs > 800 && sound.durationMs < 5000, `${sound.durationMs} ms`);
    t.equal(sound.wav.readUInt32LE(4), sound.wav.length - 8);
    t.equal(sound.wav.readUInt32LE(40), sound.wav.length - 44);
    const audio = parseWav(sound.wav);
    t.equal(audio.sampleRate, sound.sampleRate);
    t.ok(
      audio.samples.some((value) => Math.abs(value) > 3000),
      "it is not silence",
    );
  });

  t.test(`${name} reads text that looks like an option or a shell command`, { skip }, async (t) => {
    for (const text of ["-v", "--help", "$(touch /nowhere/x); `id`", "a | b > /nowhere/y"]) {
      t.ok((await createSynthesiser(name).synthesise(text)).durationMs > 100, text);
    }
  });
}

t.test("a text without words is an error, for the fake as well", async (t) => {
  await t.rejects(createSynthesiser("espeak-ng").synthesise(" \n "), { code: "INPUT_INVALID" });
  const silent = createSynthesiser("fake");
  t.equal((await silent.synthesise("four")).durationMs, 240);
});

t.test("an unknown synthesiser is refused with the names there are", async (t) => {
  t.throws(() => createSynthesiser("parrot"), { code: "ENGINE_UNKNOWN", message: new RegExp(SYNTHESISERS.join(", ")) });
});

t.test("doctor hears of every program, with its licence", async (t) => {
  t.same(infos.map((info) => info.name).sort(), ["aplay", "espeak-ng", "flite", "pacat"]);
  for (const info of infos) t.not(info.licence, "unknown");
});
