import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { BarnacleError } from "@barnacle/protocol/errors";
import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import type { TurnRecord } from "../../services.ts";
import { temporaryDirectory } from "../../store/testing.ts";
import { Models } from "../model/models.ts";
import type { ChatResponder } from "../responder.ts";
import { message, testRuns } from "../testing.ts";
import { HomeSentences } from "./home.ts";
import { LastWord } from "./last.ts";
import { ProgramResponder } from "./program.ts";
import { SlashCommands } from "./slash.ts";

const NOT_UNDERSTOOD = new BarnacleError("NOT_UNDERSTOOD", "").toShape();

type T = Parameters<typeof testRuns>[0];

/** Runs answered by one responder that is made from the test's own parts. */
async function talking(t: T, make: (test: Awaited<ReturnType<typeof testRuns>>) => ChatResponder) {
  let responder: ChatResponder | undefined;
  const test = await testRuns(t, async (ask, out) => {
    responder ??= make(test);
    return (await responder.respond(ask, out)) ?? new LastWord({ free: false }).respond(ask, out);
  });
  const say = async (text: string, more: Parameters<typeof message>[1] = {}) =>
    (await test.runs.start(message(text, more))).done;
  return { ...test, say };
}

function program(t: T, source: string, env: Record<string, string> = {}) {
  const file = path.join(temporaryDirectory(t), "answer.mjs");
  writeFileSync(file, source);
  const config = { argv: [process.execPath, file], env, name: "mine" };
  return talking(t, ({ clock }) => {
    const models = new Models({ models: [], command: config });
    return new ProgramResponder({ config, models, clock, env: { PATH: process.env.PATH, SECRET: "x" } });
  });
}

const READ = 'let q = ""; for await (const c of process.stdin) q += c; const ask = JSON.parse(q);';
const PRINT = "const say = (o) => process.stdout.write(JSON.stringify(o) + '\\n');";

t.test("a program answers line by line, knows the conversation, and inherits nothing", async (t) => {
  const { say } = await program(
    t,
    `${READ} ${PRINT} say({ delta: "You " }); say({ delta: "said " });
     say({ delta: ask.message + " after " + ask.history.length + " " + process.env.SECRET + process.env.MORE });`,
    { MORE: "more" },
  );
  t.match(await say("one"), {
    status: "ok",
    text: "You said one after 0 undefinedmore",
    provider: "program",
    model: "mine",
  });
  t.match(await say("two"), { text: /You said two after 2/ });
});

t.test("a program may answer as a whole; what it does wrong is named", async (t) => {
  for (const [source, outcome] of [
    [`${PRINT} say({ text: "whole" });`, { status: "ok", text: "whole" }],
    [`${PRINT} say({ error: "no idea" });`, { error: { code: "AGENT_PROGRAM", message: /it says: no idea/ } }],
    ['process.stderr.write("trace\\nboom\\n"); process.exit(3);', { error: { message: /ended with code 3: boom/ } }],
    ['process.stdout.write("hello\\n");', { error: { message: /expected a JSON object a line, got hello/ } }],
    ['process.stdout.write("[1]\\n");', { error: { message: /a line is not a JSON object/ } }],
    ["", { error: { message: /without an answer/ } }],
  ] as const) {
    const { say } = await program(t, source);
    t.match(await say("x"), outcome);
  }
  const missing = await talking(t, () => {
    const config = { argv: ["/nowhere/at-all"], env: {}, name: "mine" };
    return new ProgramResponder({
      config,
      models: new Models({ models: [], command: config }),
      clock: new FakeClock(),
      env: {},
    });
  });
  t.match(await missing.say("x"), { error: { code: "AGENT_PROGRAM", message: /cannot be started/ } });
});

t.test("a program that is stopped ends with everything that it started", async (t) => {
  const { say, runs, clock } = await program(
    t,
    `import { spawn } from "node:child_process"; ${PRINT}
     process.on("SIGTERM", () => {});
     const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"]);
     child.once("spawn", () => setTimeout(() => say({ delta: String(child.pid) }), 200));
     setInterval(() => {}, 1000);`,
  );
  const stopped = say("x");
  let child = 0;
  while (child === 0) {
    await pause(10);
    child = Number(runs.underWay("main")?.text ?? 0);
  }
  t.ok(alive(child));
  runs.abort({ sessionKey: "main" });
  t.match(await stopped, { status: "aborted" });
  await clock.advance(2000);
  while (alive(child)) await pause(20);
  t.pass("the grandchild, which would not hear, is gone");
});

t.test("a household sentence is one voice turn, keyed by the run", async (t) => {
  const asked: unknown[] = [];
  const turn = { turnId: "run-1", ok: true, reply: "It is noon." } as unknown as TurnRecord;
  const { say } = await talking(
    t,
    () =>
      new HomeSentences({
        voice: {
          understands: (text) => text.startsWith("what time"),
          ask: async (text, options) => {
            asked.push([text, options.idempotencyKey, options.room, options.origin]);
            return text.endsWith("mars") ? { ...turn, ok: false, error: NOT_UNDERSTOOD } : turn;
          },
        },
      }),
  );
  t.match(await say("what time is it", { runId: "k", room: "kitchen" }), { text: "It is noon.", model: "home" });
  t.same(asked, [["what time is it", "k", "kitchen", "run"]]);
  t.match(await say("tell me a story"), { status: "ok", text: /did not understand.*agent\.model/ });
  t.match(await say("what time is it", { source: "voice" }), { text: "Sorry, I did not understand that." });
  t.match(await say("what time is it on mars"), { text: /did not understand/ });
});

t.test("slash commands of people: status, new, think, model, help", async (t) => {
  const { say, sessions } = await talking(
    t,
    ({ sessions }) => new SlashCommands({ sessions, models: new Models({ models: [] }) }),
  );
  t.match((await say("/help")).text, /\/status: .*\n.*\/new/s);
  t.match((await say("/status")).text, /Session: agent:main:main\nModel: barnacle\/home/);
  t.equal((await say("/think high")).text, "Thinking level: high.");
  t.match((await say("/think")).text, /Thinking level: high\. It can be: off, minimal/);
  t.match((await say("/think lots")).text, /invalid thinkingLevel "lots"/);
  t.equal((await say("/think default")).text, "Thinking level: default.");
  t.match((await say("/model")).text, /Model: barnacle\/home\nThere are: barnacle\/home/);
  t.match((await say("/model gone")).text, /There is no model gone/);
  t.match((await say("/model home")).text, /Model: barnacle\/home/);
  t.equal(sessions.get("main")?.settings.model, "barnacle/home");
  const before = sessions.get("main")?.sessionId;
  t.equal((await say("/new")).text, "A new conversation.");
  t.not(sessions.get("main")?.sessionId, before);
  t.equal((await say("/stop")).text, "Stopped.");
  t.match((await say("/unknown")).text, /did not understand/);
  t.match((await say("/status", { source: "cron" })).text, /did not understand/, "a job is not a person");
});

t.test("/stop does not wait its turn", async (t) => {
  const { runs, sessions } = await testRuns(t, ({ message, signal }, out) => {
    if (message === "/stop") return Promise.resolve({ text: "Stopped." });
    out.text("counting");
    return new Promise((_resolve, reject) => signal.addEventListener("abort", reject));
  });
  const long = await runs.start(message("count to a million"));
  while (runs.underWay("main")?.text !== "counting") await pause(1);
  const stop = await runs.start(message("stop"));
  t.match(await long.done, { status: "aborted", text: "counting" });
  runs.abort({ runId: stop.runId });
  await stop.done;
  t.equal(sessions.get("main")?.runStatus, "killed");
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
