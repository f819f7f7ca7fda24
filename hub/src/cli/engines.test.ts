import path from "node:path";
import t from "tap";
import { capturedIo, type Ran, runCli, temporaryHome } from "./testing.ts";

const clip = (name: string): string => path.join(import.meta.dirname, "../../../test/fixtures/audio", name);
const cli = (home: string, ...argv: string[]): Promise<Ran> => runCli(argv, capturedIo({ home }));

t.test("the wake engine is run over files; a bad file does not hide the others", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const files = [clip("wake-hey-jarvis-slt.wav"), clip("neg-quiet.wav"), "/nowhere.wav"];
  const json = await cli(home, "wake", "test", ...files, "--json");
  t.equal(json.code, 1);
  t.match(JSON.parse(json.out), [
    { file: files[0], detections: [{ engine: "openwakeword", phrase: "hey jarvis", score: Number, atMs: Number }] },
    { file: files[1], detections: [] },
    { file: files[2], error: { code: "FILE_UNREADABLE" } },
  ]);
  const text = await cli(home, "wake", "test", ...files);
  t.match(text.out, /wake-hey-jarvis-slt\.wav\they jarvis\t\d\.\d\d s\t0\.\d{3}\topenwakeword\n/);
  t.match(text.out, /neg-quiet\.wav\tnothing/);
  t.match(text.out, /nowhere\.wav\t.*FILE_UNREADABLE/);
});

t.test("an engine that does not exist is named, with those that do", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const wake = await cli(home, "wake", "test", clip("neg-quiet.wav"), "--engine", "ears", "--json");
  t.match(wake, { code: 1, out: "" });
  t.match(JSON.parse(wake.err), { error: { code: "ENGINE_UNKNOWN", message: /ears.*openwakeword/ } });
  const speech = await cli(home, "transcribe", clip("neg-quiet.wav"), "--engine", "ears", "--json");
  t.match(JSON.parse(speech.err), { error: { code: "ENGINE_UNKNOWN" } });
});

t.test("recordings are transcribed with the demo household's sentences", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const file = clip("cmd-kitchen-light-slt.wav");
  const good = await cli(home, "transcribe", file, "--json");
  t.equal(good.code, 0);
  t.match(JSON.parse(good.out), [
    { file, text: "turn on the kitchen light", engine: "pocketsphinx", confidence: Number },
  ]);
  const bad = await cli(home, "transcribe", "/nowhere.wav");
  t.match(bad, { code: 1, out: /nowhere\.wav\t/ });
});

t.test("doctor knows this machine's engines, their models and licences", async (t) => {
  const home = temporaryHome(t.teardown.bind(t));
  const { out } = await cli(home, "doctor", "--json", "--state-dir", path.join(home, "state"));
  const diagnosis = JSON.parse(out);
  t.match(
    diagnosis.checks.filter(({ name }: { name: string }) =>
      ["wake openwakeword", "speech pocketsphinx"].includes(name),
    ),
    [{ state: "ok" }, { state: "ok" }],
  );
  for (const model of diagnosis.models) t.match(model, { engine: /./, name: /./, licence: /./ });
  t.ok(diagnosis.models.length >= 5);
});
