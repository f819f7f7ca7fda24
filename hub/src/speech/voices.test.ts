import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { HubVoices, machineVoices, type VoiceEngines } from "./index.ts";

async function setUp(t: Parameters<typeof temporaryStore>[0], broken: readonly string[] = []) {
  const said: unknown[] = [];
  const engines: VoiceEngines = {
    names: ["one", "two", "missing"],
    available: async (name) => name !== "missing",
    async synthesise(name, text, options) {
      if (broken.includes(name)) throw new BarnacleError("HARDWARE_UNAVAILABLE", `${name} is broken`);
      if (text === "?") throw new BarnacleError("INPUT_INVALID", "nothing to say");
      said.push([name, text, options]);
      return { wav: Buffer.from(`${name}: ${text}`), sampleRate: 22_050, durationMs: 10 };
    },
  };
  const store = await temporaryStore(t);
  const options = { store, engines: async () => engines };
  return { voices: new HubVoices(options), again: () => new HubVoices(options), said };
}

t.test("the chosen voice speaks, and a restart keeps the choice", async (t) => {
  const { voices, again, said } = await setUp(t);
  t.match(await voices.status(), { enabled: true, provider: "one" });
  t.match(await voices.speak("hello", { voice: "slt", wordsPerMinute: 90 }), { provider: "one" });
  t.same(said, [["one", "hello", { voice: "slt", speed: 90 }]]);
  t.equal(await voices.setProvider(" Two "), "two");
  await voices.setEnabled(false);
  t.match(await again().status(), { enabled: false, provider: "two", providers: [{}, {}, { configured: false }] });
  t.match(await again().speak("hello"), { provider: "two" });
  await t.rejects(voices.setProvider("openai"), { code: "INPUT_INVALID", message: /Use one or two or missing/ });
});

t.test("when one voice fails the next speaks; what cannot be said is the caller's fault", async (t) => {
  const { voices } = await setUp(t, ["one"]);
  t.match(await voices.speak("hello"), { provider: "two" });
  await t.rejects(voices.speak("?"), { code: "INPUT_INVALID" });
  await t.rejects(voices.speak("x".repeat(4001)), { code: "INPUT_INVALID", message: /4001 characters, max 4000/ });
  const mute = await setUp(t, ["one", "two"]);
  await t.rejects(mute.voices.speak("hello"), { code: "HARDWARE_UNAVAILABLE", message: "two is broken" });
});

t.test("files are private, and only the last ones are kept", async (t) => {
  const { voices } = await setUp(t);
  let file = "";
  for (let i = 0; i < 23; i++) file = await voices.file(await voices.speak(`text ${i}`));
  t.equal(readFileSync(file, "utf8"), "one: text 22");
  t.equal(readdirSync(dirname(file)).length, 20);
});

t.test("the programs of this machine speak", async (t) => {
  const engines = await machineVoices();
  t.same(engines.names, ["espeak-ng", "flite"]);
  for (const name of engines.names) {
    if (!(await engines.available(name))) {
      t.comment(`${name} is not installed here; skipped`);
      continue;
    }
    const { wav, durationMs } = await engines.synthesise(name, "the kettle boils", {});
    t.equal(wav.subarray(0, 4).toString(), "RIFF");
    t.ok(durationMs > 300, name);
  }
});
