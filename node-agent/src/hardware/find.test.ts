import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { FakeClock, seededRandom } from "@barnacle/protocol/runtime";
import t, { type Test } from "tap";
import { resolveConfig } from "../config/index.ts";
import { findHardware, isHere, reasonOf } from "./index.ts";

const CLIP = fileURLToPath(new URL("../../../test/fixtures/audio/neg-quiet.wav", import.meta.url));
const runtime = { clock: new FakeClock(), random: seededRandom(1) };

function find(t: Test, yaml: string, wakeWords: string[] = []) {
  const stateDir = t.testdir({ "node.yaml": yaml, "text.wav": "no sound" });
  return findHardware(resolveConfig({ stateDir }, {}), wakeWords, runtime);
}

t.test("what is not configured is a reason, not an error", async (t) => {
  const hardware = await find(
    t,
    "microphone: {driver: none}\nwake: {engine: none}\nspeech: {engine: none}\nvoice: {engine: none, player: none}\n",
  );
  for (const part of ["gpio", "microphone", "wake", "endpoint", "recogniser", "synthesiser", "player"] as const) {
    t.match(reasonOf(hardware[part]), /not configured/, part);
  }
});

t.test("what is configured is opened, and the hub's wake words win where the engine has them", async (t) => {
  const yaml = `
microphone: {driver: wav, file: ${CLIP}}
voice: {engine: none, player: file}
speech: {minConfidence: 0.4}
gpio: {driver: fake, lines: [{line: 3, initial: 1}], stateFile: ${path.join(t.testdirName, "gpio.json")}}
`;
  const hardware = await find(t, yaml, ["Hey Mycroft", "abracadabra"]);
  t.ok(isHere(hardware.microphone) && isHere(hardware.player) && isHere(hardware.recogniser));
  if (!isHere(hardware.gpio) || !isHere(hardware.wake) || !isHere(hardware.endpoint))
    return t.fail("parts are missing");
  t.equal(await hardware.gpio.read(3), 1);
  t.same(hardware.wake.phrases, ["hey mycroft"]);
  t.ok(hardware.wakePhrases?.includes("alexa"));
  t.ok(existsSync(path.join(t.testdirName, "spoken")), "spoken answers go into the state directory by default");
  await Promise.all([hardware.gpio.close(), hardware.wake.close(), hardware.endpoint.close()]);
});

t.test("an engine that does not load leaves its reason and the rest of the node", async (t) => {
  const hardware = await find(
    t,
    `microphone: {driver: wav, file: ${CLIP}}\nwake: {engine: porcupine}\nvoice: {player: none}\nspeech: {engine: none}\n`,
  );
  t.match(reasonOf(hardware.wake), /key/i);
  t.ok(isHere(hardware.endpoint));
  t.ok(hardware.wakePhrases?.includes("jarvis"));
  if (isHere(hardware.endpoint)) await hardware.endpoint.close();
});

t.test("a recording that is no recording stops the start: waiting does not mend it", async (t) => {
  const file = path.join(t.testdirName, "text.wav");
  await t.rejects(find(t, `microphone: {driver: wav, file: ${file}}\nwake: {engine: none}\n`), {
    code: "AUDIO_FORMAT",
    message: /text\.wav/,
  });
});

t.test("recorders that are missing are a reason", async (t) => {
  const hardware = await find(
    t,
    "microphone: {driver: command, command: [/no/such/recorder]}\nwake: {engine: none}\nvoice: {engine: none, player: none}\n",
  );
  t.ok(isHere(hardware.microphone) || reasonOf(hardware.microphone)?.includes("/no/such/recorder"));
});
