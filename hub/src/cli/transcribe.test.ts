import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FakeRecogniser, type ScriptedResult } from "@barnacle/hardware/speech";
import t from "tap";
import { transcribeFiles } from "./transcribe.ts";

const clip = fileURLToPath(new URL("../../../test/fixtures/audio/cmd-kitchen-light-slt.wav", import.meta.url));
const directory = mkdtempSync(path.join(tmpdir(), "barnacle-"));
t.teardown(() => rmSync(directory, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const place = path.join(directory, name);
  writeFileSync(place, content);
  return place;
}

/** A recogniser that gives these results. */
function scripted(...results: ScriptedResult[]) {
  const recogniser = new FakeRecogniser(results);
  return { recogniser, create: () => recogniser };
}

t.test("recordings are heard with the demo house's sentences; a bad file does not stop the others", async (t) => {
  const { recogniser, create } = scripted("turn on the kitchen light", {
    outcome: "rejected",
    nearest: "stop",
    confidence: 0.2,
  });
  const bad = file("bad.wav", "not audio");
  const results = await transcribeFiles([clip, bad, "/nowhere.wav", clip], { create });
  t.match(results, [
    { file: clip, text: "turn on the kitchen light", engine: "fake", confidence: 1, outcome: "transcript" },
    { file: bad, text: "", error: { code: "AUDIO_FORMAT" } },
    { file: "/nowhere.wav", text: "", error: { code: "FILE_UNREADABLE" } },
    { file: clip, text: "", outcome: "rejected", nearest: "stop", confidence: 0.2 },
  ]);
  t.match(recogniser.grammars[0]?.jsgf, /garden sprinklers/);
});

t.test("the grammar comes from a configuration, or from a JSGF file", async (t) => {
  const config = file(
    "hub.yaml",
    "household:\n  rooms: [cellar]\n  pronunciations: {cellar: S EH L ER}\n  appliances: [{id: a, name: pump, kind: switch, room: barn, actions: {on: {command: gpio.write}}}]\n",
  );
  const one = scripted();
  await transcribeFiles([], { ...one, config });
  t.match(one.recogniser.grammars[0]?.jsgf, /<room> = cellar \| barn;/);
  t.same(one.recogniser.grammars[0]?.pronunciations, { cellar: "S EH L ER" });
  const two = scripted();
  await transcribeFiles([], { ...two, grammar: file("x.gram", "#JSGF V1.0; grammar x; public <s> = lift off;") });
  t.match(two.recogniser.grammars[0]?.jsgf, /lift off/);
});

t.test("what cannot be used is named before anything is heard", async (t) => {
  await t.rejects(transcribeFiles([clip], { grammar: "/nowhere.gram" }), {
    code: "FILE_UNREADABLE",
    message: /nowhere\.gram/,
  });
  await t.rejects(transcribeFiles([clip], { grammar: file("y.gram", "hello") }), { code: "INPUT_INVALID" });
  await t.rejects(transcribeFiles([clip], { config: file("z.yaml", "househould: {}") }), { code: "CONFIG_INVALID" });
  await t.rejects(transcribeFiles([clip], { engine: "parrot" }), { code: "ENGINE_UNKNOWN", message: /parrot/ });
});
