import { readFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { readSpeechWav } from "../../hardware/src/audio/index.ts";
import { House, KITCHEN_CLIP } from "../support/house.ts";
import { ScriptedMicrophone } from "../support/scripted-microphone.ts";

const isEvent = (name: string) => (line: Record<string, unknown>) => line.event === name;

t.test("a node is paired, hears a sentence, switches the light and answers aloud", async (t) => {
  const dir = t.testdir();
  const microphone = new ScriptedMicrophone(path.join(dir, "microphone"));
  const house = new House(dir, { microphone: microphone.config });
  t.teardown(() => house.close());
  const node = await house.open();
  await house.listening();
  microphone.say(await readSpeechWav(KITCHEN_CLIP));

  const wake = await node.line("the wake phrase", isEvent("wake"));
  t.match(wake, { engine: "openwakeword", phrase: "hey jarvis" });
  const transcript = await node.line("the transcript", isEvent("transcript"));
  t.match(transcript, { outcome: "transcript", text: "turn on the kitchen light" });
  const command = await node.line("the command", isEvent("command"));
  t.match(command, { command: "gpio.write", params: { line: 17, value: 1 }, ok: true, duplicate: false });
  t.equal(house.light(), 1, "the pin is on");
  t.match(await node.line("the reply", isEvent("reply")), { ok: true, text: /kitchen light/i });
  t.match(await node.line("the end of the spoken reply", isEvent("spoken")), { spoken: true });

  const spoken = house.spoken();
  t.equal(spoken.length, 1);
  t.ok((spoken[0]?.bytes ?? 0) > 8000, "the reply is a sound, not only a header");
  t.equal(
    readFileSync(spoken[0]?.file ?? "")
      .subarray(0, 4)
      .toString(),
    "RIFF",
  );

  const turnId = wake.turnId as string;
  const turn = await house.turnDone(turnId);
  t.match(turn, {
    turnId,
    status: "done",
    ok: true,
    source: "voice",
    room: "kitchen",
    transcript: "turn on the kitchen light",
    route: { why: String },
    commands: [{ command: "gpio.write", ok: true }],
    replySpoken: true,
  });
  const stages = new Set((turn.spans as { stage: string }[]).map((span) => span.stage));
  for (const stage of [
    "wake",
    "listen",
    "endpoint",
    "recognise",
    "intent",
    "policy",
    "route",
    "command",
    "reply",
    "synthesise",
    "play",
  ])
    t.ok(stages.has(stage), `the turn has a time for ${stage}`);

  const inbox = (await house.cli("inbox", "list")).json as Record<string, unknown>[];
  t.equal(
    inbox.filter((message) => message.turnId === turnId && message.direction === "in").length,
    1,
    "in the inbox once",
  );
  t.match((await house.cli("audit", "verify")).json, { ok: true });
});

t.test("an operator approves a node that came without a code", async (t) => {
  const house = new House(t.testdir());
  t.teardown(() => house.close());
  await house.startHub();
  const node = house.startNode();
  const waiting = await node.line(
    "the pending request",
    (line) => line.event === "state" && line.part === "link" && line.requestId !== undefined,
  );
  const pending = (await house.cli("devices", "pending")).json as Record<string, unknown>[];
  t.match(pending, [{ requestId: waiting.requestId, displayName: "Kitchen" }]);
  t.equal((await house.cli("devices", "approve", String(waiting.requestId))).code, 0);
  await node.line(
    "the link to come up",
    (line) => line.event === "state" && line.part === "link" && line.state === "online",
  );
  t.match((await house.cli("invoke", "Kitchen", "gpio.write", '{"line":17,"value":1}')).json, { ok: true });
  t.equal(house.light(), 1);
});
