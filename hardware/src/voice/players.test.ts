import type { ChildProcess } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { encodeWav } from "../audio/wav.ts";
import { programAvailability, type Spawn } from "./command.ts";
import { createPlayer, FakePlayer, type Sound } from "./index.ts";

const samples = Int16Array.from([1, -2, 300]);
const sound: Sound = { wav: encodeWav(samples, 22_050), sampleRate: 22_050, channels: 1, durationMs: 1 };

/** A program that does what the test says, when it says so. */
class FakeProgram extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly signals: unknown[] = [];

  kill(signal: unknown): boolean {
    this.signals.push(signal);
    this.emit("close", null, signal);
    return true;
  }
}

function programs(): { spawn: Spawn; started: { command: string; args: readonly string[]; program: FakeProgram }[] } {
  const started: { command: string; args: readonly string[]; program: FakeProgram }[] = [];
  const spawn: Spawn = (command, args) => {
    const program = new FakeProgram();
    started.push({ command, args, program });
    return program as unknown as ChildProcess;
  };
  return { spawn, started };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test("pacat and aplay get raw samples on standard input and the sound's own rate", async (t) => {
  for (const [name, rate, device] of [
    ["pacat", "--rate=22050", "--device=sink"],
    ["aplay", "22050", "sink"],
  ] as const) {
    const { spawn, started } = programs();
    const played = createPlayer(name, { spawn, device: "sink" }).play(sound);
    await turn();
    const [first] = started;
    t.equal(first?.command, name);
    t.ok(first?.args.includes(rate) && first.args.includes(device), `${name} ${first?.args.join(" ")}`);
    t.same(first?.program.stdin.read(), Buffer.from(samples.buffer));
    first?.program.emit("close", 0, null);
    t.same(await played, { completed: true });
  }
});

t.test("sounds are played one after the other, and stop cuts them all", async (t) => {
  const { spawn, started } = programs();
  const player = createPlayer("pacat", { spawn });
  const both = [player.play(sound), player.play(sound)];
  await turn();
  t.equal(started.length, 1, "the second waits");
  player.stop();
  t.same(await Promise.all(both), [{ completed: false }, { completed: false }]);
  t.equal(started.length, 1, "the second never began");
  const later = player.play(sound);
  await turn();
  started[1]?.program.emit("close", 0, null);
  t.same(await later, { completed: true }, "stop does not outlast its sounds");
});

t.test("a program that fails or is absent is named, and the next sound still plays", async (t) => {
  const { spawn, started } = programs();
  const player = createPlayer("aplay", { spawn });
  const failed = player.play(sound);
  await turn();
  started[0]?.program.stderr.write("aplay: no such card");
  await turn();
  started[0]?.program.emit("close", 1, null);
  await t.rejects(failed, { code: "HARDWARE_UNAVAILABLE", message: /no such card/ });
  const absent = player.play(sound);
  await turn();
  started[1]?.program.emit("error", Object.assign(new Error("spawn aplay"), { code: "ENOENT" }));
  await t.rejects(absent, { code: "LIBRARY_MISSING", hint: /alsa-utils/ });
});

t.test("the file player replaces a .wav file, or fills a folder, and leaves no half file", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "player-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const clock = new FakeClock();
  const single = createPlayer("file", { path: join(dir, "out", "last.wav"), clock });
  await single.play(sound);
  t.same(await single.play(sound), { completed: true });
  t.same(await readFile(join(dir, "out", "last.wav")), sound.wav);
  t.same(await readdir(join(dir, "out")), ["last.wav"]);
  for (let restart = 0; restart < 2; restart++) {
    const folder = createPlayer("file", { path: join(dir, "all"), clock });
    t.match(await folder.availability(), { available: true });
    await folder.play(sound);
    await folder.play(sound);
    folder.stop();
  }
  t.equal((await readdir(join(dir, "all"))).length, 4, "a restart overwrites nothing");
});

t.test("a path that cannot be written is a reason, not a crash", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "player-"));
  t.teardown(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "file"), "");
  const player = createPlayer("file", { path: join(dir, "file", "x.wav") });
  t.match(await player.availability(), { available: false, code: "HARDWARE_UNAVAILABLE" });
  await t.rejects(player.play(sound), { code: "HARDWARE_UNAVAILABLE" });
});

t.test("an unknown player is refused with the names there are, and a file needs a path", async (t) => {
  t.throws(() => createPlayer("gramophone"), { code: "ENGINE_UNKNOWN", message: /pacat, aplay, file, fake/ });
  t.throws(() => createPlayer("file"), { code: "CONFIG_INVALID" });
});

t.test("a program is looked for on the search path", async (t) => {
  t.match(await programAvailability("sh", "/nowhere:/bin:/usr/bin"), { available: true });
  t.match(await programAvailability("pacat", "/nowhere"), { available: false, hint: /pulseaudio-utils/ });
});

t.test("the fake player holds its sounds until told", async (t) => {
  const player = new FakePlayer({ hold: true });
  const ends = [player.play(sound), player.play(sound)];
  player.stop();
  const third = player.play(sound);
  player.finish();
  t.same(await Promise.all([...ends, third]), [{ completed: false }, { completed: false }, { completed: true }]);
  t.same(await (createPlayer("fake") as FakePlayer).play(sound), { completed: true });
  t.equal(player.played.length, 3);
});
