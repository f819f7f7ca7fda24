import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { temporaryDirectory } from "../store/testing.ts";
import { LogTail, lastLines } from "./log-tail.ts";

function tailOf(t: Parameters<typeof temporaryDirectory>[0], maxBytes = 1_000_000, from = 0) {
  const file = path.join(temporaryDirectory(t), "log");
  const lines: [string, number][] = [];
  let [still, began] = [0, 0];
  const tail = new LogTail({
    ...{ file, from, maxBytes, line: (text, end) => lines.push([text, end]) },
    still: (fn) => {
      still++;
      fn();
    },
    began: () => began++,
  });
  return { file, tail, lines, counts: () => ({ still, began }) };
}

t.test("lines are told whole, once each, with the place after them", async (t) => {
  const { file, tail, lines } = tailOf(t);
  tail.read();
  t.same(lines, [], "no file yet");
  appendFileSync(file, "one\ntw");
  tail.read();
  t.same(lines, [["one", 4]]);
  appendFileSync(file, "o\nthree\n");
  tail.read();
  tail.read();
  t.same(lines, [
    ["one", 4],
    ["two", 8],
    ["three", 14],
  ]);
  const later = new LogTail({
    file,
    from: 8,
    maxBytes: 100,
    line: (text) => lines.push([text, 0]),
    still: (fn) => fn(),
    began() {},
  });
  later.read();
  t.same(lines.at(-1), ["three", 0], "from a place on");
});

t.test("a letter that was cut in two by a write is whole", async (t) => {
  const { file, tail, lines } = tailOf(t);
  const bytes = Buffer.from("größe\n");
  appendFileSync(file, bytes.subarray(0, 3));
  tail.read();
  appendFileSync(file, bytes.subarray(3));
  tail.read();
  t.same(lines, [["größe", bytes.length]]);
});

t.test("a full log is put aside while its writers stand still, and nothing of it is lost", async (t) => {
  const { file, tail, lines, counts } = tailOf(t, 100);
  for (let i = 0; i < 40; i++) {
    appendFileSync(file, `line ${i}\n`);
    tail.read();
  }
  t.same(
    lines.map(([text]) => text),
    Array.from({ length: 40 }, (_, i) => `line ${i}`),
  );
  t.ok(counts().began >= 2 && counts().began === counts().still);
  t.ok(statSync(file).size <= 100);
  t.ok(existsSync(`${file}.1`));
  const kept = readFileSync(`${file}.1`, "utf8").split("\n").length - 1;
  t.same(lastLines(file, 5), ["line 35", "line 36", "line 37", "line 38", "line 39"]);
  const all = lastLines(file, 1000);
  t.ok(all.length >= kept);
  const said = lines.map(([text]) => text);
  t.same(all, said.slice(-all.length), "with those of the one before it");
  t.same(lastLines(`${file}-none`, 5), []);
});
