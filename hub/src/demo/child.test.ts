import { writeFileSync } from "node:fs";
import path from "node:path";
import type { BarnacleError } from "@barnacle/protocol/errors";
import { systemClock } from "@barnacle/protocol/runtime";
import t, { type Test as T } from "tap";
import { lastError } from "../cli/node-program.ts";
import { Child, type JsonLine } from "./child.ts";

function child(t: T, source: string, onLine: (line: JsonLine) => void = () => {}): Child {
  const script = path.join(t.testdir(), "program.mjs");
  writeFileSync(script, source);
  const made = new Child({
    name: "hub",
    script,
    args: [],
    env: { PATH: process.env.PATH },
    clock: systemClock,
    onLine,
  });
  t.teardown(() => made.stop());
  return made;
}

const ended = (one: Child): Promise<BarnacleError> => new Promise((resolve) => one.onUnexpectedExit(resolve));

t.test("JSON lines are handed on, other lines are not", async (t) => {
  const lines: JsonLine[] = [];
  const one = child(t, `console.log('hello'); console.log('{"ready":true}'); console.log('[1]');`, (line) =>
    lines.push(line),
  );
  const end = ended(one);
  one.start();
  await end;
  t.same(lines, [{ ready: true }]);
});

t.test("a program that ends by itself is named with its own error", async (t) => {
  const error = { code: "PORT_BUSY", message: "port 1 is busy", hint: "choose another" };
  const one = child(
    t,
    `console.error('a log line'); console.error(${JSON.stringify(JSON.stringify({ error }))}); process.exit(1);`,
  );
  const end = ended(one);
  one.start();
  t.match(await end, { code: "PORT_BUSY", message: "hub: port 1 is busy", hint: "choose another" });
});

t.test("a program that says nothing useful is quoted", async (t) => {
  const one = child(t, "console.error('all is lost'); process.exit(3);");
  const end = ended(one);
  one.start();
  t.match(await end, { code: "INTERNAL", message: "hub: all is lost (ended with 3)" });
});

t.test("a stop that was asked for is no failure, and may be repeated", async (t) => {
  let failed = false;
  const ready = Promise.withResolvers<void>();
  const source = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('{}');";
  const one = child(t, source, () => ready.resolve());
  one.onUnexpectedExit(() => {
    failed = true;
  });
  one.start();
  await ready.promise;
  await one.stop();
  await one.stop();
  t.notOk(failed);
});

t.test("an error object is found among log lines", async (t) => {
  t.equal(lastError("nothing\n{broken"), undefined);
  t.equal(lastError('{"error":{"code":"NO_SUCH_CODE","message":"x"}}'), undefined);
  t.match(lastError('{"error":{"code":"TIMEOUT","message":"x"}}\nlog'), { code: "TIMEOUT", message: "x" });
});
