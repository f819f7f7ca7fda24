import { writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test as T } from "tap";
import { Dither, encodeWav, readSpeechWav } from "../../hardware/src/audio/index.ts";
import { House, KITCHEN_CLIP } from "../support/house.ts";
import type { JsonLine } from "../support/process.ts";
import { pulseMissing, startPulse } from "../support/pulse.ts";

const SECOND = 16_000;
const missing = pulseMissing();
const skip = missing === undefined ? false : `no sound server: ${missing}`;

t.setTimeout(180_000);

const isEvent = (event: string) => (line: JsonLine) => line.event === event;
const microphoneIs = (state: string) => (line: JsonLine) =>
  line.event === "state" && line.part === "microphone" && line.state === state;

/** The clip as a room gives it: faint noise before the first word and after the last. */
async function inRoom(t: T, clip: string): Promise<string> {
  const speech = await readSpeechWav(clip);
  const noise = new Dither(40, 7);
  const sound = noise.next(speech.length + 3 * SECOND);
  for (let i = 0; i < speech.length; i++) {
    const at = i + SECOND;
    sound[at] = Math.max(-32_768, Math.min(32_767, (sound[at] ?? 0) + (speech[i] ?? 0)));
  }
  const file = path.join(t.testdirName, path.basename(clip));
  writeFileSync(file, encodeWav(sound));
  return file;
}

async function heardThroughMicrophone(t: T, microphone: Record<string, unknown>): Promise<void> {
  const sound = await startPulse();
  t.teardown(() => sound.stop());
  const house = new House(t.testdir(), { microphone, env: { ...sound.env } });
  t.teardown(() => house.close());
  const node = await house.open();
  await node.line("the microphone", microphoneIs("running"));
  await house.listening();

  await sound.play(await inRoom(t, KITCHEN_CLIP));
  const wake = await node.line("the wake phrase", isEvent("wake"));
  t.match(wake, { engine: "openwakeword", phrase: "hey jarvis" });
  t.match(await node.line("the transcript", isEvent("transcript")), { text: "turn on the kitchen light" });
  t.match(await node.line("the command", isEvent("command")), { command: "gpio.write", ok: true });
  t.equal(house.light(), 1, "the pin is on");
  t.match(await node.line("the end of the reply", isEvent("spoken")), { turnId: wake.turnId, spoken: true });
  t.ok((house.spoken()[0]?.bytes ?? 0) > 8000, "the reply is a sound, not only a header");
  t.match(await house.turnDone(String(wake.turnId)), { status: "done", ok: true, replySpoken: true });

  let seen = node.lines.length;
  await sound.kill();
  const lost = await node.line("the loss of the microphone", microphoneIs("lost"), seen);
  t.match(lost, { reason: /./ });
  t.ok(node.running, "a lost microphone is a state, not an end");
  seen = node.lines.length;
  await sound.restart();
  await node.line("the return of the microphone", microphoneIs("running"), seen);
  await house.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":0}');
  await sound.play(await inRoom(t, KITCHEN_CLIP));
  t.match(await node.line("a second transcript", isEvent("transcript"), seen), { text: "turn on the kitchen light" });
  t.match(await node.line("a second reply", isEvent("reply"), seen), { ok: true, text: /./ });
  t.match(await node.line("the end of the second reply", isEvent("spoken"), seen), { spoken: true });
  t.equal(house.spoken().length, 2);
  t.equal(house.light(), 1, "the pin is on again");
}

t.test(
  "a sentence is heard through a sound server's microphone, also after the server died and came back",
  { skip },
  (t) => heardThroughMicrophone(t, { driver: "pvrecorder" }),
);

t.test("the same through any program that writes samples", { skip }, (t) =>
  heardThroughMicrophone(t, {
    driver: "command",
    command: ["parec", "--raw", "--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=40"],
  }),
);
