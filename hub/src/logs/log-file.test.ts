import { existsSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryDirectory } from "../store/testing.ts";
import { RotatedLogFile } from "./log-file.ts";

async function logFile(t: Parameters<typeof temporaryDirectory>[0], maxBytes?: number) {
  const clock = new FakeClock();
  const file = path.join(temporaryDirectory(t), "barnacle.log");
  const unit = new RotatedLogFile({ file, clock, ...(maxBytes === undefined ? {} : { maxBytes }) });
  await unit.start();
  t.teardown(() => unit.stop());
  const log = unit.beside(silentLog);
  const words = (tail: { lines: readonly string[] }) => tail.lines.map((line) => JSON.parse(line)["0"]);
  return { clock, file, unit, log, words };
}

t.test("lines are told from a cursor on, in the form that clients read", async (t) => {
  const { unit, log, words, file } = await logFile(t);
  t.match(unit.tail({}), { file, cursor: 0, size: 0, lines: [], reset: false, truncated: false });
  log.info({ port: 1 }, "hub ready");
  log.child({ subsystem: "mqtt" }).warn({}, "a node is late");
  const first = unit.tail({});
  t.same(words(first), ["hub ready port=1", "a node is late"]);
  t.match(JSON.parse(String(first.lines[1])), {
    "0": "a node is late",
    _meta: { logLevelName: "WARN", date: /^2026-01-01T/, name: '{"subsystem":"mqtt"}' },
    time: /^2026/,
  });
  t.equal(first.cursor, first.size);
  t.same(unit.tail({ cursor: first.cursor }).lines, []);
  log.error({}, "third");
  t.same(words(unit.tail({ cursor: first.cursor })), ["third"]);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

t.test("no line holds a secret, by name or by value", async (t) => {
  const { unit, log } = await logFile(t);
  unit.hide(["canary-of-the-house"]);
  log.info({ token: "canary-by-name", url: "mqtt://u:canary-in-url@x" }, "with canary-of-the-house in it");
  const [line] = unit.tail({}).lines;
  t.match(line, /with \*\*\* in it/);
  t.notMatch(line, /canary/);
});

t.test("reads are bounded, begin with a whole line, and say what they left out", async (t) => {
  const { unit, log, words } = await logFile(t);
  for (let i = 0; i < 20; i++) log.info({}, `line ${i}`);
  const size = unit.tail({}).size / 20;
  t.match(unit.tail({ maxBytes: Math.round(size * 2.5) }), { truncated: true, lines: { length: 2 } });
  const last = unit.tail({ limit: 1 });
  t.same({ words: words(last), truncated: last.truncated }, { words: ["line 19"], truncated: true });
  t.match(unit.tail({ cursor: 0, maxBytes: Math.round(size * 2.5) }), { reset: true, lines: { length: 2 } });
  t.match(unit.tail({ cursor: 10 ** 9 }), { reset: true });
});

t.test("the file stays small: a full one is put aside, and a reader is told", async (t) => {
  const { unit, log, file, clock } = await logFile(t, 1000);
  log.info({}, "a".repeat(600));
  await clock.advance(1000);
  const { cursor } = unit.tail({});
  log.info({}, "second");
  log.info({}, "b".repeat(400));
  await clock.advance(1000);
  t.match(readFileSync(`${file}.1`, "utf8"), /aaa/);
  log.info({}, "c".repeat(400));
  await clock.advance(1000);
  t.match(readFileSync(`${file}.1`, "utf8"), /bbb/);
  t.match(unit.tail({ cursor: cursor + 10_000 }), { reset: true });
  await unit.stop();
  log.info({}, "after the end");
  t.ok(existsSync(file));
  t.notMatch(readFileSync(file, "utf8"), /after the end/);
});
