import { BarnacleError } from "@barnacle/protocol/errors";
import t from "tap";
import { FakeRecogniser } from "./fake.ts";
import { transcribeFile } from "./transcribe.ts";

const grammar = { hash: "1", jsgf: "", pronunciations: {} };

t.test("the fake gives its answers in order, then hears nothing", async (t) => {
  const fake = new FakeRecogniser(["stop", { outcome: "rejected", nearest: "stop" }]);
  fake.script(new BarnacleError("HARDWARE_UNAVAILABLE", "gone"));
  await fake.load(grammar);
  await fake.setGrammar(grammar);
  await fake.setGrammar({ ...grammar, hash: "2" });
  t.same(
    fake.grammars.map(({ hash }) => hash),
    ["1", "2"],
  );
  t.match(await fake.begin().finish(), { outcome: "transcript", text: "stop" });
  t.match(await fake.begin().finish(), { outcome: "rejected", text: "", nearest: "stop" });
  await t.rejects(fake.begin().finish(), { code: "HARDWARE_UNAVAILABLE" });
  t.match(await fake.begin().finish(), { outcome: "no-speech" });
  fake.begin().cancel();
  t.equal(fake.cancelled, 1);
  await fake.close();
});

t.test("a file's long quiet ends are cut to half a second, its speech is kept whole", async (t) => {
  const fake = new FakeRecogniser();
  const samples = new Int16Array(10 * 16_000).map((_, i) => (i >= 64_000 && i < 80_000 ? 9000 * Math.sin(i / 4) : 0));
  await transcribeFile(fake, samples);
  const [heard] = fake.heard;
  t.ok(heard && Math.abs(heard.length - 2 * 16_000) < 1000, `${heard?.length} samples`);
  await transcribeFile(fake, new Int16Array(5000));
  t.equal(fake.heard[1]?.length, 5000, "what holds nothing louder is fed as it is");
});
