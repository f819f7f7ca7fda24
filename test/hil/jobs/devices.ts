// The bench proves itself: what its devices do, seen by the system's own programs and files.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t from "tap";
import { readSpeechWav } from "../../../hardware/src/audio/index.ts";
import { hear, LOUDSPEAKER, loudest, MICROPHONE, speak } from "../devices/loopback-sound.ts";
import { SimGpio } from "../devices/sim-gpio.ts";
import { VirtualHid } from "../devices/virtual-hid.ts";

const CLIP = path.join(import.meta.dirname, "../../fixtures/audio/wake-hey-jarvis-slt.wav");
/** Eight buttons in, eight lights out. */
const PAD = Buffer.from("0600ff0901a101150026ff00750895010902810209039102c0", "hex");

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: "utf8" }).trim();

t.test("a simulated GPIO chip", async (t) => {
  const chip = new SimGpio("pi", { names: { 17: "BTN" } });
  t.match(run("gpiodetect"), `${chip.chip} [pinctrl-rp1] (54 lines)`);
  t.equal(run("gpiofind", "BTN"), `${chip.chip} 17`);
  for (const level of [1, 0] as const) {
    chip.drive(17, level);
    t.equal(run("gpioget", chip.chip, "17"), String(level), "the world drives, a program reads");
    run("gpioset", chip.chip, `18=${level}`);
  }
  chip.remove();
  t.equal(run("gpiodetect"), "");
});

t.test("two chips, told apart by their labels", async (t) => {
  const four = new SimGpio("four", { label: "pinctrl-bcm2711", lines: 58 });
  const other = new SimGpio("other", { label: "expander", lines: 8 });
  t.not(four.chip, other.chip);
  t.match(run("gpiodetect"), `${four.chip} [pinctrl-bcm2711] (58 lines)`);
  other.drive(3, 1);
  t.equal(other.level(3), 1);
  four.remove();
  other.remove();
});

t.test("a virtual HID device", async (t) => {
  const pad = new VirtualHid({ name: "Bench pad", vendor: 0x1209, product: 0x0001, serial: "7", descriptor: PAD });
  t.teardown(() => pad.unplug());
  while (pad.device === undefined) await pause(20);
  const device = pad.device;
  t.match(readFileSync(`/sys/class/hidraw/${path.basename(device)}/device/uevent`, "utf8"), "HID_UNIQ=7");
  const fd = openSync(device, constants.O_RDWR | constants.O_NONBLOCK);
  const report = Buffer.alloc(8);
  t.throws(() => readSync(fd, report), { code: "EAGAIN" }, "nothing pressed, nothing to read");
  pad.input(Buffer.from([0x5a]));
  t.equal(readSync(fd, report), 1);
  t.equal(report[0], 0x5a);
  writeSync(fd, Buffer.from([0, 0xa5]));
  t.ok(await pad.output((bytes) => bytes.includes(0xa5)), "a light is seen");
  await pad.unplug();
  t.throws(() => readSync(fd, report), { code: "EIO" }, "unplugged");
  closeSync(fd);
  t.equal(pad.device, undefined);
});

t.test("a loopback sound card", async (t) => {
  const heard = path.resolve("heard.wav");
  const record = ["-q", "-D", MICROPHONE, "-f", "S16_LE", "-r", "16000", "-c", "1", "-d", "4", heard];
  const recording = once(spawn("arecord", record, { stdio: "inherit" }), "close");
  await pause(500);
  await speak(CLIP);
  t.same(await recording, [0, null]);
  t.ok(loudest(await readSpeechWav(heard)) > 3000, "the microphone hears what is played in the room");

  const said = path.resolve("said.wav");
  const listening = hear(said, 30);
  await pause(500);
  run("aplay", "-q", "-D", LOUDSPEAKER, CLIP);
  await listening.end();
  t.ok(loudest(await readSpeechWav(said)) > 3000, "the room hears the loudspeaker");
  await t.resolves(speak(CLIP), "nobody has to listen");
});
