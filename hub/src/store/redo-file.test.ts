import { copyFileSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { BLOCK, FILE_BYTES, RedoFile } from "./redo-file.ts";
import { temporaryDirectory } from "./testing.ts";

function texts(file: string): string[] {
  const redo = new RedoFile(file);
  try {
    return [...redo.records()].map(({ seq, text }) => `${seq} ${text}`);
  } finally {
    redo.close();
  }
}

t.test("records come back in order, whatever their length, and start over after a rewind", async (t) => {
  const file = path.join(temporaryDirectory(t), "redo");
  const redo = new RedoFile(file);
  t.same([...redo.records()], []);
  const long = "ü€😀".repeat(3000);
  redo.append(1, "a");
  redo.append(2, long);
  redo.append(3, "c");
  t.same(texts(file), ["1 a", `2 ${long}`, "3 c"]);
  redo.rewind();
  redo.append(4, "d");
  t.same(texts(file), ["4 d"], "what lies behind is of an earlier round");
  redo.close();
  t.equal(statSync(file).size, FILE_BYTES);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test("the file never grows: a record that could pass its end does not fit", async (t) => {
  const redo = new RedoFile(path.join(temporaryDirectory(t), "redo"));
  let count = 0;
  while (redo.fits("x")) redo.append(++count, "x");
  t.equal(count, FILE_BYTES / BLOCK);
  t.equal([...redo.records()].length, count);
  redo.rewind();
  t.notOk(redo.fits("x".repeat(FILE_BYTES / 3)));
  redo.close();
});

t.test("every write is on disk when it returns", { skip: process.platform !== "linux" && "asks /proc" }, async (t) => {
  const file = path.join(temporaryDirectory(t), "redo");
  const redo = new RedoFile(file);
  const fd = readdirSync("/proc/self/fd").find((name) => linkOf(name) === file);
  const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "0";
  t.ok(Number.parseInt(flags, 8) & 0o10000, "O_DSYNC");
  redo.close();
});

t.test("a power cut at any byte of the newest record loses that one and no other", async (t) => {
  const dir = temporaryDirectory(t);
  const whole = path.join(dir, "whole");
  const redo = new RedoFile(whole);
  // An earlier round, so that what is not overwritten yet is a whole record of its own.
  for (let seq = 1; seq <= 4; seq++) redo.append(seq, `earlier ${seq} ${"-".repeat(200)}`);
  redo.rewind();
  redo.append(5, "five");
  const before = readFileSync(whole);
  redo.append(6, `six ${"6".repeat(60)}`);
  const after = readFileSync(whole);
  const cut = path.join(dir, "cut");
  for (let byte = 0; byte <= 16 + 64; byte++) {
    copyFileSync(whole, cut);
    const fd = openSync(cut, "r+");
    writeSync(fd, before, BLOCK + byte, BLOCK - byte, BLOCK + byte);
    const expected = before.compare(after, BLOCK + byte, 2 * BLOCK, BLOCK + byte, 2 * BLOCK) === 0 ? 2 : 1;
    t.equal(texts(cut).length, expected, `cut at byte ${byte}`);
  }
  for (let byte = 0; byte < 16 + 64; byte++) {
    copyFileSync(whole, cut);
    const fd = openSync(cut, "r+");
    const flipped = Buffer.from([(after[BLOCK + byte] ?? 0) ^ 0x10]);
    writeSync(fd, flipped, 0, 1, BLOCK + byte);
    t.same(texts(cut), ["5 five"], `byte ${byte} changed`);
  }
  redo.close();
});

function linkOf(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // The descriptor of the listing itself.
    return undefined;
  }
}
