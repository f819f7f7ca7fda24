import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FakeClock } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import { SimulatedRoom } from "./room.ts";

async function openRoom(t: T) {
  const directory = mkdtempSync(path.join(tmpdir(), "barnacle-room-"));
  const clock = new FakeClock();
  const pipe = path.join(directory, "microphone.pipe");
  const room = new SimulatedRoom({ pipe, clock });
  await room.start();
  const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  t.teardown(async () => {
    closeSync(fd);
    await room.stop();
    rmSync(directory, { recursive: true });
  });
  const heard = (): Int16Array => {
    const buffer = Buffer.alloc(1 << 20);
    try {
      const bytes = readSync(fd, buffer);
      return new Int16Array(buffer.buffer, buffer.byteOffset, bytes / 2);
    } catch {
      return new Int16Array(0);
    }
  };
  return { room, clock, heard };
}

t.test("an idle room hisses softly, at real pace", async (t) => {
  const { clock, heard } = await openRoom(t);
  await clock.advance(1000);
  const samples = heard();
  t.equal(samples.length, 16_000);
  t.ok(samples.every((sample) => Math.abs(sample) <= 4));
  t.ok(samples.some((sample) => sample !== 0));
  await clock.advance(30);
  t.equal(heard().length, 0);
});

t.test("a recording is heard whole, in order, and its end is known", async (t) => {
  const { room, clock, heard } = await openRoom(t);
  const recording = Int16Array.from({ length: 5000 }, (_, i) => 1000 + i);
  let done = false;
  const played = room.play(recording).then(() => {
    done = true;
  });
  await clock.advance(280);
  t.notOk(done);
  await clock.advance(40);
  await played;
  t.same([...heard().subarray(0, 5000)], [...recording]);
});

t.test("recordings queue up", async (t) => {
  const { room, clock, heard } = await openRoom(t);
  const loud = (value: number): Int16Array => new Int16Array(700).fill(value);
  await Promise.all([room.play(loud(500)), room.play(loud(900)), clock.advance(200)]);
  const samples = heard();
  t.same([samples[0], samples[699], samples[700], samples[1399]], [500, 500, 900, 900]);
});

t.test("sound that nobody listens to is lost, and the room goes on", async (t) => {
  const { clock, heard } = await openRoom(t);
  await clock.advance(60_000);
  t.ok(heard().length < 60 * 16_000);
  await clock.advance(400);
  t.equal(heard().length, 6400);
});

t.test("after stop nothing is heard, and who waits is released", async (t) => {
  const { room, clock, heard } = await openRoom(t);
  const played = room.play(new Int16Array(16_000));
  await room.stop();
  await played;
  await clock.advance(1000);
  t.equal(heard().length, 0);
});
