// A sentence is spoken into the loopback card; the real agent records it with each recorder, and answers aloud.
import { createRequire } from "node:module";
import path from "node:path";
import t, { type Test as T } from "tap";
import { readSpeechWav } from "../../../hardware/src/audio/index.ts";
import { House, KITCHEN_CLIP } from "../../support/house.ts";
import type { JsonLine } from "../../support/process.ts";
import { hear, loudest, MICROPHONE, speak } from "../devices/loopback-sound.ts";

const isEvent = (event: string) => (line: JsonLine) => line.event === event;

async function turn(t: T, microphone: Record<string, unknown>, voice: Record<string, unknown>): Promise<House> {
  const house = new House(t.testdir(), { microphone, node: voice });
  t.teardown(() => house.close());
  const node = await house.open();
  await node.line("the microphone", (line) => line.part === "microphone" && line.state === "running");
  await house.listening();
  await speak(KITCHEN_CLIP);
  t.match(await node.line("the wake phrase", isEvent("wake")), { engine: "openwakeword", phrase: "hey jarvis" });
  t.match(await node.line("the transcript", isEvent("transcript")), { text: "turn on the kitchen light" });
  t.match(await node.line("the command", isEvent("command")), { command: "gpio.write", ok: true });
  t.equal(house.light(), 1, "the pin is on");
  t.match(await node.line("the end of the reply", isEvent("spoken")), { spoken: true });
  return house;
}

t.test("pvrecorder, the card's first device; the reply goes to a file", async (t) => {
  const { PvRecorder } = createRequire(import.meta.url)("@picovoice/pvrecorder-node") as {
    PvRecorder: { getAvailableDevices(): string[] };
  };
  const devices = PvRecorder.getAvailableDevices();
  t.comment(devices.join("; "));
  const device = devices.findIndex((name) => name.includes("Loopback"));
  t.ok(device >= 0, "the card is in the recorder's list");
  const house = await turn(t, { driver: "pvrecorder", device }, {});
  t.equal(house.spoken().length, 1);
  t.ok((house.spoken()[0]?.bytes ?? 0) > 8000, "the reply is a sound, not only a header");
});

t.test("arecord; the reply is heard in the room", async (t) => {
  const heard = path.join(t.testdirName, "..", "reply.wav");
  const listening = hear(heard, 120);
  await turn(t, { driver: "arecord", device: MICROPHONE }, { voice: { engine: "espeak-ng", player: "aplay" } });
  await listening.end();
  t.ok(loudest(await readSpeechWav(heard)) > 3000, "the loudspeaker was heard");
});
