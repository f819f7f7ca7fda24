import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { encodeWav, parseSpeechWav, parseWav, readSpeechWav } from "./wav.ts";

const samples = Int16Array.from([0, 1, -1, 32767, -32768, 1234]);

function chunk(id: string, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, 0, "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function riff(...chunks: Buffer[]): Buffer {
  const body = Buffer.concat([Buffer.from("WAVE"), ...chunks]);
  const head = Buffer.alloc(8);
  head.write("RIFF", 0, "latin1");
  head.writeUInt32LE(body.length, 4);
  return Buffer.concat([head, body]);
}

function fmt(tag: number, channels: number, rate: number, bits: number, extra = Buffer.alloc(0)): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE((rate * channels * bits) / 8, 8);
  body.writeUInt16LE((channels * bits) / 8, 12);
  body.writeUInt16LE(bits, 14);
  return chunk("fmt ", Buffer.concat([body, extra]));
}

const pcm = (): Buffer => encodeWav(samples).subarray(44);

t.test("what is encoded is read back, whatever rate and channels", async (t) => {
  fc.assert(
    fc.property(
      fc.int16Array({ maxLength: 400 }),
      fc.integer({ min: 1, max: 192_000 }),
      fc.integer({ min: 1, max: 8 }),
      (block, sampleRate, channels) => {
        const whole = block.subarray(0, block.length - (block.length % channels));
        const audio = parseWav(encodeWav(whole, sampleRate, channels));
        t.same([...audio.samples], [...whole]);
        return audio.sampleRate === sampleRate && audio.channels === channels;
      },
    ),
  );
});

t.test("foreign chunks, also of odd size, are skipped", async (t) => {
  const wav = riff(
    chunk("LIST", Buffer.from("odd")),
    fmt(1, 1, 16_000, 16),
    chunk("fact", Buffer.alloc(4)),
    chunk("data", pcm()),
    chunk("id3 ", Buffer.alloc(5)),
  );
  t.same(parseSpeechWav(wav), samples);
});

t.test("an extensible format chunk with PCM inside is accepted", async (t) => {
  const extra = Buffer.alloc(24);
  extra.writeUInt16LE(22, 0);
  extra.writeUInt16LE(1, 8);
  t.same(parseSpeechWav(riff(fmt(0xfffe, 1, 16_000, 16, extra), chunk("data", pcm()))), samples);
});

t.test("a stream's unknown length is read to the end of the file", async (t) => {
  for (const claimed of [0xffffffff, 0x7ffff000, 0]) {
    const wav = encodeWav(samples);
    wav.writeUInt32LE(claimed === 0 ? 0 : claimed, 4);
    wav.writeUInt32LE(claimed, 40);
    t.same(parseWav(wav).samples, samples, `claimed ${claimed}`);
  }
});

t.test("an honestly empty data chunk is empty audio", async (t) => {
  t.equal(parseWav(encodeWav(new Int16Array(0))).samples.length, 0);
});

t.test("a file cut inside a sample keeps the whole samples", async (t) => {
  const wav = encodeWav(samples);
  t.same(parseWav(wav.subarray(0, wav.length - 3)).samples, samples.slice(0, 4));
});

t.test("every cut of a file is read or named, never a crash", async (t) => {
  const wav = encodeWav(samples);
  for (let length = 0; length < wav.length; length++) {
    if (length >= 44) t.ok(parseWav(wav.subarray(0, length)));
    else t.throws(() => parseWav(wav.subarray(0, length), "cut.wav"), { code: "AUDIO_FORMAT", message: /^cut\.wav: / });
  }
});

t.test("a wrong rate, channel count or width says what was found and expected", async (t) => {
  t.throws(() => parseSpeechWav(encodeWav(samples, 44_100, 2), "music.wav"), {
    code: "AUDIO_FORMAT",
    message: "music.wav: found 44100 Hz, 2 channels, 16 bit; expected 16000 Hz, 1 channel, 16 bit",
  });
  t.throws(() => parseWav(riff(fmt(1, 1, 16_000, 8), chunk("data", pcm()))), { message: /found 8-bit PCM/ });
  t.throws(() => parseWav(riff(fmt(3, 1, 16_000, 32), chunk("data", pcm()))), { message: /32-bit floating point/ });
  t.throws(() => parseWav(riff(fmt(0x55aa, 1, 16_000, 16), chunk("data", pcm()))), { message: /coding 21930/ });
  t.throws(() => parseWav(riff(fmt(1, 0, 16_000, 16), chunk("data", pcm()))), { message: /0 channels/ });
  t.throws(() => parseWav(riff(chunk("data", pcm()))), { message: /before any format chunk/ });
  t.throws(() => parseWav(riff(chunk("fmt ", Buffer.alloc(4)))), { message: /format chunk has 4 bytes/ });
});

t.test("something that is no WAVE file is called by its name", async (t) => {
  t.throws(() => parseWav(Buffer.alloc(0)), { message: /empty file/ });
  t.throws(() => parseWav(Buffer.from("ID3\u0004more bytes here")), { message: /MP3/ });
  t.throws(() => parseWav(Buffer.from("OggS more bytes here")), { message: /Ogg/ });
  t.throws(() => parseWav(Buffer.from("fLaC more bytes here")), { message: /FLAC/ });
  t.throws(() => parseWav(Buffer.from("x")), { message: /1 byte of/ });
});

t.test("a file is read from disk, and a missing one is named", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "wav-"));
  t.teardown(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, "a.wav"), encodeWav(samples));
  t.same(await readSpeechWav(join(dir, "a.wav")), samples);
  await t.rejects(readSpeechWav(join(dir, "b.wav")), { code: "FILE_UNREADABLE", message: /b\.wav/ });
});
