import type { WakeEvent } from "@barnacle/protocol/mqtt";
import { FakeClock } from "@barnacle/protocol/runtime";
import pico from "picocolors";
import t from "tap";
import { Output } from "../cli/output.ts";
import { capturedIo } from "../cli/testing.ts";
import type { TurnRecord } from "../services.ts";
import { nextSteps } from "./next-steps.ts";
import { refusalOf } from "./outcome.ts";
import { TurnPrinter } from "./printer.ts";
import { failedSummary, stagesOf, turnSummary } from "./summary.ts";
import { isFinished, TurnWatch } from "./turn-watch.ts";

const nodeId = "3f".repeat(32);
const wake: WakeEvent = {
  turnId: "t1",
  heardAt: 0,
  engine: "openwakeword",
  phrase: "hey jarvis",
  score: 0.99,
  latencyMs: 12.34,
};
const turn: TurnRecord = {
  turnId: "t1",
  source: "voice",
  deviceId: nodeId,
  room: "kitchen",
  startedAt: 0,
  status: "done",
  outcome: "transcript",
  wake,
  transcript: "turn on the kitchen light",
  intent: "light.on",
  route: { deviceId: nodeId, why: "it carries the light" },
  commands: [
    { deviceId: nodeId, command: "gpio.write", params: { line: 2, value: 1 }, ok: true, payload: { line: 2 } },
  ],
  reply: "The kitchen light is on.",
  replySpoken: true,
  ok: true,
  spans: [
    { stage: "listen", startMs: 0, durationMs: 1200 },
    { stage: "endpoint", startMs: 1200, durationMs: 700 },
    { stage: "recognise", startMs: 1900, durationMs: 60 },
    { stage: "policy", startMs: 1965, durationMs: 1 },
    { stage: "policy", startMs: 1975, durationMs: 2 },
    { stage: "command", startMs: 1966, durationMs: 9.06 },
  ],
};

t.test("a turn that worked is one object with every fact", async (t) => {
  t.same(turnSummary(wake, turn, refusalOf(turn)), {
    ok: true,
    wake: { engine: "openwakeword", phrase: "hey jarvis", score: 0.99, latencyMs: 12.34 },
    transcript: "turn on the kitchen light",
    intent: "light.on",
    route: { nodeId, why: "it carries the light" },
    command: { nodeId, command: "gpio.write", params: { line: 2, value: 1 } },
    result: { line: 2 },
    reply: "The kitchen light is on.",
    stages: {
      wake: 12.3,
      listen: 1200,
      endpoint: 700,
      recognise: 60,
      policy: 3,
      command: 9.1,
      speechEndToAction: 75.1,
    },
  });
});

t.test("without a command the answer is the action", async (t) => {
  const spans = [...turn.spans.slice(0, 3), { stage: "intent" as const, startMs: 1962, durationMs: 3 }];
  t.equal(stagesOf(spans).speechEndToAction, 65);
  t.match(turnSummary(wake, { ...turn, spans, commands: [], route: undefined }, undefined), {
    command: null,
    result: null,
    route: null,
  });
});

t.test("what went wrong has a code and a reason", async (t) => {
  const refusal = (change: Partial<TurnRecord>) => refusalOf({ ...turn, commands: [], ok: false, ...change });
  t.match(refusal({ outcome: "no-speech" }), { code: "NO_SPEECH", message: /nothing was said/ });
  t.match(refusal({ outcome: "rejected", reason: "confidence 0.2" }), { code: "NOT_UNDERSTOOD", message: /0\.2/ });
  t.match(refusal({ outcome: "failed", reason: "pocketsphinx is missing" }), { code: "HARDWARE_UNAVAILABLE" });
  t.match(refusal({ reply: "Sorry." }), { code: "NOT_UNDERSTOOD", message: "Sorry." });
  const error = { code: "POLICY_DENIED", message: "no", hint: "h", retryable: false } as const;
  t.match(refusal({ error }), { code: "POLICY_DENIED", message: "no" });
  const failed = { deviceId: nodeId, command: "gpio.write", params: {}, ok: false, error } as const;
  t.match(refusal({ commands: [failed] }), { code: "POLICY_DENIED", message: "gpio.write: no" });
  t.match(turnSummary(wake, turn, refusal({ error })), { ok: false, reason: "no", transcript: turn.transcript });
});

t.test("a failure before any turn has the same members", async (t) => {
  const summary = failedSummary(new TypeError("boom"));
  t.match(summary, { ok: false, reason: "boom", code: "INTERNAL", wake: null, stages: {} });
  t.same(
    Object.keys(turnSummary(wake, turn, undefined)).filter((key) => !(key in summary)),
    [],
  );
});

t.test("the watch follows a turn from the wake phrase to the spoken reply", async (t) => {
  const watch = new TurnWatch();
  const finished = watch.finished("t1");
  watch.nodeEvent({ event: "wake", ...wake });
  watch.nodeEvent({ event: "state", part: "link", state: "online" });
  t.match(await watch.firstWake, { turnId: "t1" });
  watch.turnEvent({ ...turn, replySpoken: undefined });
  t.equal(watch.last("t1")?.replySpoken, undefined);
  watch.turnEvent({ turn });
  watch.turnEvent("nonsense");
  t.equal((await finished).replySpoken, true);
});

t.test("a turn is finished when nothing more can come", async (t) => {
  const bare = { ...turn, replySpoken: undefined };
  t.notOk(isFinished({ ...bare, status: "answering" }));
  t.notOk(isFinished(bare));
  t.ok(isFinished({ ...bare, replySpoken: false }));
  t.ok(isFinished({ ...bare, reply: "" }));
  t.ok(isFinished({ ...bare, source: "text" }));
});

function shown(fn: (printer: TurnPrinter, clock: FakeClock) => void): string {
  const io = capturedIo({ home: "/nowhere" });
  const clock = new FakeClock();
  fn(new TurnPrinter({ out: new Output(io, false), clock, replyFile: () => "/replies/1.wav" }), clock);
  return io.out();
}

t.test("a turn is shown step by step, each step once", async (t) => {
  const text = shown((printer, clock) => {
    printer.wake(wake);
    void clock.advance(0);
    const heard = {
      turnId: "t1",
      outcome: "transcript",
      text: "turn on the kitchen light",
      confidence: 0.9,
      recogniser: "pocketsphinx",
    };
    printer.transcript(heard);
    printer.turn({ ...turn, status: "answering", commands: [], reply: undefined });
    printer.turn({ ...turn, replySpoken: undefined });
    printer.turn(turn);
    printer.turn(turn);
  });
  const steps = text.split("\n").map((line) => /^ +\d\.\d\d s {2}(\S+)/.exec(line)?.[1] ?? line.trim().slice(0, 6));
  t.same(steps, ["wake", "transcript", "intent", "route", "command", "reply", "spoken", "✓ done", "", ""]);
  t.match(text, /“hey jarvis” openwakeword, score 0\.990/);
  t.match(text, /command +9\.1 ms {2}gpio\.write \{"line":2,"value":1\} done/);
  t.match(text, /75 ms from the end of speech to the action/);
  t.notOk(text.includes(String.fromCharCode(27)));
});

t.test("a turn that was not understood says so", async (t) => {
  const text = shown((printer) => {
    printer.transcript({
      turnId: "t1",
      outcome: "rejected",
      text: "",
      confidence: 0.1,
      recogniser: "p",
      nearest: "stop",
    });
    printer.turn({
      ...turn,
      outcome: "rejected",
      ok: false,
      transcript: undefined,
      intent: undefined,
      route: undefined,
      commands: [],
    });
  });
  t.match(text, /transcript +rejected, nearest “stop”/);
  t.match(text, /✗ rejected/);
});

t.test("what to try next works as it stands", async (t) => {
  const style = pico.createColors(false);
  const text = nextSteps({ program: "npx barnacle", flags: "--state-dir /x", pins: "/x/pins.json", style });
  t.match(text, 'npx barnacle ask "turn off the kitchen light" --state-dir /x');
  t.match(text, "npx barnacle-node --hub http://THIS-MACHINE:18789 --setup-code CODE");
});
